#ifndef AGGREGATOR_METRICS_ITEMS_H
#define AGGREGATOR_METRICS_ITEMS_H

/*
 * The metrics of the approval catalogue, once: metrics.c makes two rows of each, for items of all levels and for those of
 * the city level. ROW(number, id, unit, label_zh, label_en, definition_zh, definition_en)
 */
#define METRICS_OF_ITEMS(ROW)                                                                                          \
    ROW(METRIC_ITEMS, "items", "items", "在用事项", "Items in force", "目录中当日起生效、未取消的事项。",                                  \
        "Items of the catalogue that are in force.")                                                                   \
    ROW(METRIC_ITEMS_VISITS_0, "items_visits_0", "items", "零跑动事项", "Items without a visit",                            \
        "在用事项中申请人到场次数为0的事项；“不见面”互斥口径。",                                                                                \
        "Items in force for which the applicant comes 0 times: the exclusive variant of \"without meeting\".")         \
    ROW(METRIC_ITEMS_VISITS_1, "items_visits_1", "items", "跑一次事项", "Items with one visit",                             \
        "在用事项中申请人到场次数恰为1的事项；“最多跑一次”互斥口径。包含口径为零跑动与跑一次之和。",                                                              \
        "Items in force for which the applicant comes exactly once: the exclusive variant of \"at most once\"; the "   \
        "nested one adds those without a visit.")                                                                      \
    ROW(METRIC_ITEMS_VISITS_MORE, "items_visits_more", "items", "跑多次事项", "Items with more visits",                     \
        "在用事项中申请人到场次数大于1的事项。", "Items in force for which the applicant comes more than once.")                         \
    ROW(METRIC_ITEMS_NO_MEETING, "items_no_meeting", "items", "不见面事项", "Items without meeting",                        \
        "在用事项中自收件至送达全程可不见面办理的事项；“不见面”包含口径。",                                                                           \
        "Items in force whose whole way from receipt to delivery is possible without meeting: the nested variant.")    \
    ROW(METRIC_ITEMS_INSTANT, "items_instant", "items", "即办事项", "Instant items",                                       \
        "在用事项中即时办结的事项（承诺时限为0）。", "Items in force that are decided at once: promised limit 0.")                         \
    ROW(METRIC_ITEMS_ONLINE, "items_online", "items", "可网办事项", "Items online", "在用事项中可以网上办理的事项。",                      \
        "Items in force that can be done online at all.")                                                              \
    ROW(METRIC_ITEMS_DEPTH_2, "items_depth_2", "items", "二级以上深度网办事项", "Items online at depth II or deeper",            \
        "在用事项中网上办理深度为二级、三级或四级的事项。", "Items in force at online depth II, III or IV.")                                   \
    ROW(METRIC_ITEMS_APP, "items_app", "items", "掌上可办事项", "Items on the app",                                          \
        "在用事项中已在市级移动应用上线的事项。", "Items in force that are live on the city's app.")                                      \
    ROW(METRIC_ITEMS_WITH_LIMITS, "items_with_limits", "items", "两种时限齐全事项", "Items with both limits",                  \
        "在用事项中承诺时限与法定时限均有、且法定时限大于0的事项；为时限压缩比的统计范围。",                                                                   \
        "Items in force with a promised and a statutory limit, the latter above 0: what compression is about.")        \
    ROW(METRIC_ITEMS_PROMISED, "items_promised_days", "1/100 workday", "承诺时限之和", "Sum of promised limits",             \
        "两种时限齐全事项的承诺时限之和，单位为百分之一工作日（月计22日，年计250日，自然日乘250/365，8小时计1日）。",                                                \
        "Promised limits of the items with both limits, in hundredths of workdays (a month 22, a year 250, calendar "  \
        "days by 250/365, 8 hours a day).")                                                                            \
    ROW(METRIC_ITEMS_STATUTORY, "items_statutory_days", "1/100 workday", "法定时限之和", "Sum of statutory limits",          \
        "两种时限齐全事项的法定时限之和，单位为百分之一工作日。时限压缩比为1减承诺时限之和与本值之比。",                                                             \
        "Statutory limits of the items with both limits, in hundredths of workdays. Compression is 1 - promised / this.") \
    ROW(METRIC_ITEMS_RATIOS, "items_compression_ratios", "1/1000000", "逐项压缩比之和", "Sum of compression ratios",          \
        "两种时限齐全事项逐项压缩比（1减承诺与法定之比）之和，单位百万分之一，逐项四舍五入；除以事项数得平均压缩比。",                                                      \
        "Of the items with both limits, 1 - promised / statutory of each, in millionths rounded half up; divided by their number " \
        "it is the mean ratio.")                                                                                       \
    ROW(METRIC_ITEMS_REMOVED, "items_removed_in_rounds", "items", "精简取消事项", "Items removed in rounds",                 \
        "在历轮精简（“瘦身”）中当日起取消的事项。", "Items taken out of force in a round of streamlining.")

#endif
