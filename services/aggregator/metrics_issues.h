#ifndef AGGREGATOR_METRICS_ISSUES_H
#define AGGREGATOR_METRICS_ISSUES_H

/*
 * The metrics of the issue registry, once: metrics.c makes rows of them. ROW(number, id, period, kind, unit, label_zh, label_en,
 * definition_zh, definition_en). What belongs to a ledger task counts in its year, so its cells have the year as their period.
 */
#define METRICS_OF_ISSUES(ROW) \
    ROW(METRIC_ISSUES_REGISTERED, "issues.registered", DAY, FLOW, "issues", "登记问题", "Issues registered", \
        "登记的企业问题数，含重复件与无效件。计入登记之日，全市按县区计，可相加。", \
        "Enterprise issues registered, duplicates and invalid ones among them. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_DUPLICATES, "issues.duplicates", DAY, FLOW, "issues", "重复件", "Duplicates", \
        "登记后认定为与其他问题重复的件数。收集数为登记数减重复件与无效件。计入登记之日，全市按县区计，可相加。", \
        "Issues that turned out to be duplicates. Collected is registered less duplicates and invalid ones. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_INVALID, "issues.invalid", DAY, FLOW, "issues", "无效件", "Invalid issues", \
        "登记后认定为不属受理范围的件数。计入登记之日，全市按县区计，可相加。", \
        "Issues that turned out to be none. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_RESOLVED, "issues.resolved", DAY, FLOW, "issues", "办结", "Issues resolved", \
        "已办结的问题数（企业确认或逾期未反馈视为办结）。办结率为本值与收集数之比。计入登记之日，全市按县区计，可相加。", \
        "Issues resolved, confirmed by the enterprise or by its silence. The resolution rate is this over those collected. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_RESOLVED_CONFIRMED, "issues.resolved_confirmed", DAY, FLOW, "issues", "企业确认办结", "Resolved and confirmed", \
        "办结中由企业确认的件数。计入登记之日，全市按县区计，可相加。", \
        "Those that the enterprise confirmed. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_RESOLVED_UNCONFIRMED, "issues.resolved_unconfirmed", DAY, FLOW, "issues", "未反馈视为办结", "Resolved by silence", \
        "办结中答复后10个工作日企业未反馈的件数，单独统计。计入登记之日，全市按县区计，可相加。", \
        "Those on whose answer the enterprise was silent for ten workdays; counted apart. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_SIGNED_OFF, "issues.signed_off", DAY, FLOW, "issues", "销号", "Issues signed off", \
        "办结后由非答复人、非承办单位销号的件数。计入登记之日，全市按县区计，可相加。", \
        "Issues signed off by somebody who neither answered nor belongs to the unit. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_LONG_TERM, "issues.long_term", DAY, STOCK, "issues", "长期事项", "Long-term issues", \
        "需政策调整、列为长期办理的问题数，仍计入收集数。逐日记增减，累计至某日即该日末数。", \
        "Issues that wait for a change of policy; they stay among those collected. Changes by day; their sum up to a day is the stock at its end.") \
    ROW(METRIC_ISSUES_TRANSFERRED, "issues.transferred", DAY, FLOW, "issues", "移送", "Issues transferred", \
        "移送纪检、法院、检察院或公安的件数。计入登记之日，全市按县区计，可相加。", \
        "Issues transferred to discipline inspection, a court, the procuratorate or the police. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_CANCELLED, "issues.cancelled", DAY, FLOW, "issues", "撤销", "Issues cancelled", \
        "由企业撤回或撤销的件数，仍计入收集数。计入登记之日，全市按县区计，可相加。", \
        "Issues taken back; they stay among those collected. Counted on the day of registration by region; they add up.") \
    ROW(METRIC_ISSUES_DISSATISFIED, "issues.dissatisfied", DAY, FLOW, "answers", "不满意", "Answers refused", \
        "企业不满意、重新办理的次数。按牵头单位和环节之日计数，可相加。", \
        "Answers that the enterprise did not take: handled again. Counted by lead unit and day of the step; they add up.") \
    ROW(METRIC_ISSUES_ON_TIME, "issues.on_time", DAY, FLOW, "issues", "按时答复", "Answered in time", \
        "办结问题中其被采纳的答复在时限内的件数，以当时已知的工作日历为准，按问题类别。按牵头单位和环节之日计数，可相加。", \
        "Resolved issues whose answer came in time, by the calendar known then; by class. Counted by lead unit and day of the step; they add up.") \
    ROW(METRIC_ISSUES_LATE, "issues.late", DAY, FLOW, "issues", "超时答复", "Answered late", \
        "办结问题中其被采纳的答复超过时限的件数，按问题类别。按牵头单位和环节之日计数，可相加。", \
        "Resolved issues whose answer came late; by class. Counted by lead unit and day of the step; they add up.") \
    ROW(METRIC_ISSUES_OPEN_OVERDUE, "issues.open_overdue", DAY, STOCK, "issues", "在办超时", "Open and overdue", \
        "时限已过、尚未答复的问题数，按牵头单位。逐日记增减，累计至某日即该日末数。", \
        "Open issues whose time has passed, by lead unit. Changes by day; their sum up to a day is the stock at its end.") \
    ROW(METRIC_ISSUES_OPEN, "issues.open", DAY, STOCK, "issues", "在办问题", "Open issues", \
        "尚未办结、移送、撤销或认定为重复、无效的问题数。逐日记增减，累计至某日即该日末数。", \
        "Issues that have not ended. Changes by day; their sum up to a day is the stock at its end.") \
    ROW(METRIC_ISSUES_BY_CHARGED_DAYS, "issues.by_charged_days", DAY, FLOW, "issues", "按用时分组的办结", "Resolved issues by workdays", \
        "办结问题按交办至答复的工作日分组，供计算中位数与九成位数。按牵头单位和环节之日计数，可相加。", \
        "Resolved issues by workdays from dispatch to answer: for the median and the 90th percentile. Counted by lead unit and day of the step; they add up.") \
    ROW(METRIC_ISSUES_OPEN_COHORT, "issues.open_cohort", DAY, FLOW, "issues", "在办问题（按登记日）", "Open issues by day of registration", \
        "该日登记的问题中尚在办的件数，供按在办时长统计。", \
        "Of the issues registered on the day those that have not ended: for their age.") \
    ROW(METRIC_ISSUES_EXTENSIONS, "issues.extensions", DAY, FLOW, "issues", "延期", "Extensions", \
        "经批准延期的次数。按牵头单位和环节之日计数，可相加。", \
        "Extensions granted. Counted by lead unit and day of the step; they add up.") \
    ROW(METRIC_ISSUES_DISPUTES, "issues.disputes", DAY, FLOW, "disputes", "交办异议", "Disputes", \
        "承办单位对交办提出异议的次数。按牵头单位和环节之日计数，可相加。", \
        "Assignments that a unit disputed. Counted by lead unit and day of the step; they add up.") \
    ROW(METRIC_ISSUES_DISPATCH_LATE, "issues.dispatch_late", DAY, FLOW, "issues", "超时交办", "Dispatched late", \
        "登记后3个工作日内未交办的件数，计入到期之次日。", \
        "Issues not dispatched within three workdays; on the day after.") \
    ROW(METRIC_ISSUES_RAISED, "issues.raised", DAY, FLOW, "steps", "提级", "Raised", \
        "提级协调的次数（含第三轮自动提级）。按牵头单位和环节之日计数，可相加。", \
        "Issues raised a level, those of the third round by themselves with them. Counted by lead unit and day of the step; they add up.") \
    ROW(METRIC_ISSUES_PARTS_LATE, "issues.parts_late", DAY, FLOW, "parts", "协办超时", "Cooperating units late", \
        "协办单位未按期办结其部分的件数，按该单位。", \
        "Parts of cooperating units that were not done in time, by that unit.") \
    ROW(METRIC_ISSUES_ABOUT_ITEM, "issues.about_item", DAY, FLOW, "issues", "涉及事项的问题", "Issues about an item", \
        "涉及某政务服务事项的问题数。机构栏为其编码（前32字节）。", \
        "Issues that name an item of the approval catalogue. The organisation column holds the code (its first 32 bytes).") \
    ROW(METRIC_ISSUES_ABOUT_ITEM_OPEN, "issues.about_item_open", DAY, STOCK, "issues", "涉及事项的在办问题", "Open issues about an item", \
        "涉及某政务服务事项的在办问题数。机构栏为其编码（前32字节）。逐日记增减，累计至某日即该日末数。", \
        "Open issues that name an item of the approval catalogue. The organisation column holds the code (its first 32 bytes). Changes by day; their sum up to a day is the stock at its end.") \
    ROW(METRIC_ISSUES_ABOUT_TASK, "issues.about_task", DAY, FLOW, "issues", "涉及改革任务的问题", "Issues about a task", \
        "涉及某改革任务的问题数。机构栏为其编码（前32字节）。", \
        "Issues that name a ledger task. The organisation column holds the code (its first 32 bytes).") \
    ROW(METRIC_ISSUES_ABOUT_TASK_OPEN, "issues.about_task_open", DAY, STOCK, "issues", "涉及改革任务的在办问题", "Open issues about a task", \
        "涉及某改革任务的在办问题数。机构栏为其编码（前32字节）。逐日记增减，累计至某日即该日末数。", \
        "Open issues that name a ledger task. The organisation column holds the code (its first 32 bytes). Changes by day; their sum up to a day is the stock at its end.") \
    ROW(METRIC_CONTACT_RULES_POSITIVE, "issues.contact_rules_positive", DAY, STOCK, "rules", "政商交往正面清单", "Positive contact rules", \
        "现行政商交往正面清单条数。逐日记增减，累计至某日即该日末数。", \
        "Rules of the positive list of government-business contact in force. Changes by day; their sum up to a day is the stock at its end.") \
    ROW(METRIC_CONTACT_RULES_NEGATIVE, "issues.contact_rules_negative", DAY, STOCK, "rules", "政商交往负面清单", "Negative contact rules", \
        "现行政商交往负面清单条数。逐日记增减，累计至某日即该日末数。", \
        "Rules of the negative list of government-business contact in force. Changes by day; their sum up to a day is the stock at its end.") \
    ROW(METRIC_ISSUES_RULE_CITED, "issues.rule_cited", DAY, FLOW, "issues", "引用清单条目的问题", "Issues that cite a rule", \
        "引用某条政商交往清单的问题数。机构栏为其编码（前32字节）。", \
        "Issues that cite a contact rule. The organisation column holds the code (its first 32 bytes).") \
    ROW(METRIC_ISSUES_SLIPS_ISSUED, "issues.slips_issued", DAY, FLOW, "slips", "督办单", "Slips issued", \
        "就问题、任务或线索发出的督办单，按级别、应答单位。", \
        "Supervision slips on issues, tasks and clues, by level and by the unit that has to reply.") \
    ROW(METRIC_ISSUES_SLIPS_LAPSED, "issues.slips_lapsed", DAY, FLOW, "slips", "督办单逾期", "Slips lapsed", \
        "逾期未答复的督办单，按应答单位。", \
        "Slips without a reply in time, by the unit.") \
    ROW(METRIC_ISSUES_CIRCULARS, "issues.circulars", DAY, FLOW, "circulars", "通报", "Circulars", \
        "发布的通报数。", \
        "Circulars published.") \
    ROW(METRIC_LEDGER_TASKS, "ledger.tasks", YEAR, FLOW, "tasks", "改革任务", "Reform tasks", \
        "当年下达的改革任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks issued. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_SIGNED_OFF, "ledger.signed_off", YEAR, FLOW, "tasks", "销号任务", "Tasks signed off", \
        "已销号、未重新打开的任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks signed off and not opened again. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_SIGNED_OFF_ON_TIME, "ledger.signed_off_on_time", YEAR, FLOW, "tasks", "按时销号", "Signed off in time", \
        "销号任务中在期限内销号的。计入任务年度，按领域、牵头单位。", \
        "Those signed off on or before their last day. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_CANCELLED, "ledger.cancelled", YEAR, FLOW, "tasks", "撤销任务", "Tasks cancelled", \
        "下达后撤销的任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks cancelled after they were issued. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_DEFERRED, "ledger.deferred", YEAR, FLOW, "tasks", "延期任务", "Tasks deferred", \
        "处于延期状态的任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks that are deferred. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_CARRIED_OVER, "ledger.carried_over", YEAR, FLOW, "tasks", "结转任务", "Tasks carried over", \
        "结转下年的任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks carried over to a later year. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_KEY_ITEMS, "ledger.key_items", YEAR, FLOW, "tasks", "重大改革事项", "Key items", \
        "下达任务中由市领导牵头的重大事项。计入任务年度，按领域、牵头单位。", \
        "Tasks issued that a leading official leads. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_PROVINCIAL_TASKS, "ledger.provincial_tasks", YEAR, FLOW, "tasks", "省定任务", "Tasks of the province", \
        "当年省定改革任务数。", \
        "Reform tasks of the province for the year.") \
    ROW(METRIC_LEDGER_PROVINCIAL_MAPPED, "ledger.provincial_mapped", YEAR, FLOW, "tasks", "对照落实的省定任务", "Tasks of the province answered to", \
        "省定任务中已有下达的市级任务对照落实的。", \
        "Those that an issued task of the city answers to.") \
    ROW(METRIC_LEDGER_PROGRESS, "ledger.progress_permille", YEAR, FLOW, "permille", "进度之和", "Sum of progress", \
        "任务进度（0至1000）之和；除以任务数得平均进度。计入任务年度，按领域、牵头单位。", \
        "Progress of the tasks (0 to 1000), summed; divided by their number it is the mean. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_LAG_YELLOW, "ledger.lag_yellow", YEAR, FLOW, "tasks", "滞后：黄", "Lagging: yellow", \
        "落后预期进度10个百分点以上或未按期报告的任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks a tenth behind what was expected, or without a report. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_LAG_ORANGE, "ledger.lag_orange", YEAR, FLOW, "tasks", "滞后：橙", "Lagging: orange", \
        "有节点逾期的任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks with a milestone that has passed. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_LAG_RED, "ledger.lag_red", YEAR, FLOW, "tasks", "滞后：红", "Lagging: red", \
        "期限已过的任务数。计入任务年度，按领域、牵头单位。", \
        "Tasks whose last day has passed. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_MILESTONES, "ledger.milestones", YEAR, FLOW, "milestones", "节点", "Milestones", \
        "下达任务的节点数。计入任务年度，按领域、牵头单位。", \
        "Milestones of issued tasks. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_MILESTONES_CLOSED, "ledger.milestones_closed", YEAR, FLOW, "milestones", "完成节点", "Milestones closed", \
        "已完成的节点数。计入任务年度，按领域、牵头单位。", \
        "Milestones closed. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_INDICATORS, "ledger.indicators", YEAR, FLOW, "indicators", "指标", "Indicators", \
        "下达任务的指标数。计入任务年度，按领域、牵头单位。", \
        "Indicators of issued tasks. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_INDICATORS_MET, "ledger.indicators_met", YEAR, FLOW, "indicators", "达标指标", "Indicators met", \
        "已达目标的指标数。计入任务年度，按领域、牵头单位。", \
        "Indicators that are met. Counted in the year of the task, by field and lead unit.") \
    ROW(METRIC_LEDGER_REPORTS, "ledger.reports", DAY, FLOW, "reports", "进展报告", "Reports", \
        "牵头单位的进展报告数，计入报告之日。", \
        "Progress reports of lead units, on their day.") \
    ROW(METRIC_LEDGER_REOPENED, "ledger.reopened", DAY, FLOW, "tasks", "重新打开", "Tasks reopened", \
        "销号后重新打开的任务数，计入当日。", \
        "Tasks opened again after they were signed off, on that day.") \
    ROW(METRIC_LEDGER_OBJECTIONS, "ledger.objections", DAY, FLOW, "objections", "会签异议", "Objections", \
        "配合单位对销号提出的异议数，计入当日。", \
        "Objections of cooperating units to a sign-off, on their day.") \
    ROW(METRIC_LEDGER_INDICATOR_BASELINE, "ledger.indicator_baseline", YEAR, FLOW, "1/100", "指标基期值", "Baseline of an indicator", \
        "指标基期值。计入任务年度，单位为指标单位的百分之一；机构栏为其编码（前32字节）。", \
        "Baseline of an indicator. In the year of the task, in hundredths of the unit. The organisation column holds the code (its first 32 bytes).") \
    ROW(METRIC_LEDGER_INDICATOR_TARGET, "ledger.indicator_target", YEAR, FLOW, "1/100", "指标目标值", "Target of an indicator", \
        "指标目标值。计入任务年度，单位为指标单位的百分之一；机构栏为其编码（前32字节）。", \
        "Target of an indicator. In the year of the task, in hundredths of the unit. The organisation column holds the code (its first 32 bytes).") \
    ROW(METRIC_LEDGER_INDICATOR_MEASURED, "ledger.indicator_measured", YEAR, FLOW, "1/100", "指标实际值", "Measured value of an indicator", \
        "指标最近一次有佐证的实际值（未报告的为基期值）。计入任务年度，单位为指标单位的百分之一；机构栏为其编码（前32字节）。", \
        "The last value reported with evidence; the baseline before the first. In the year of the task, in hundredths of the unit. The organisation column holds the code (its first 32 bytes).") \
    ROW(METRIC_LEDGER_INDICATOR_TOTAL, "ledger.indicator_total", YEAR, FLOW, "1/100", "指标总数", "Total of an indicator", \
        "覆盖类指标的总数。计入任务年度，单位为指标单位的百分之一；机构栏为其编码（前32字节）。", \
        "Of coverage: the total. In the year of the task, in hundredths of the unit. The organisation column holds the code (its first 32 bytes).") \
    ROW(METRIC_CLUES_FOUND, "clues.found", DAY, FLOW, "clues", "发现线索", "Clues found", \
        "发现的河湖“四乱”线索数。计入发现之日，按县区、类型。", \
        "River and lake clues found. Counted on the day of finding, by region and kind.") \
    ROW(METRIC_CLUES_TRANSFERRED, "clues.transferred", DAY, FLOW, "clues", "移交线索", "Clues transferred", \
        "通知后逾期未整改、移交检察机关的线索数。计入移交之日，按县区、类型。", \
        "Clues transferred to the procuratorate after a notice that was not heeded. Counted on the day of transfer, by region and kind.") \
    ROW(METRIC_CLUES_RECEIVED, "clues.received", DAY, FLOW, "clues", "签收线索", "Clues received", \
        "检察机关签收的移交线索数。计入移交之日，按县区、类型。", \
        "Transferred clues that the procuratorate countersigned. Counted on the day of transfer, by region and kind.") \
    ROW(METRIC_CLUES_FILED, "clues.filed", DAY, FLOW, "clues", "立案", "Clues filed", \
        "移交线索中经审查立案的。计入移交之日，按县区、类型。", \
        "Transferred clues that were filed after review. Counted on the day of transfer, by region and kind.") \
    ROW(METRIC_CLUES_NOT_FILED, "clues.not_filed", DAY, FLOW, "clues", "不立案", "Clues not filed", \
        "移交线索中经审查不立案的。计入移交之日，按县区、类型。", \
        "Transferred clues that were not filed. Counted on the day of transfer, by region and kind.") \
    ROW(METRIC_CLUES_SUGGESTIONS, "clues.suggestions", DAY, FLOW, "suggestions", "检察建议", "Suggestions", \
        "就移交线索发出的检察建议数。计入移交之日，按县区、类型。", \
        "Procuratorial suggestions on transferred clues. Counted on the day of transfer, by region and kind.") \
    ROW(METRIC_CLUES_REPLIED_ON_TIME, "clues.replied_on_time", DAY, FLOW, "replies", "按时回复", "Replied in time", \
        "检察建议按时回复数（两个月，紧急十五日）。计入移交之日，按县区、类型。", \
        "Suggestions answered in time (two months, fifteen days if urgent). Counted on the day of transfer, by region and kind.") \
    ROW(METRIC_CLUES_REPLIED_LATE, "clues.replied_late", DAY, FLOW, "replies", "超时回复", "Replied late", \
        "检察建议超时回复数。计入移交之日，按县区、类型。", \
        "Suggestions answered late. Counted on the day of transfer, by region and kind.") \
    ROW(METRIC_CLUES_RECTIFIED, "clues.rectified", DAY, FLOW, "clues", "整改线索", "Clues rectified", \
        "已整改的线索数。计入发现之日，按县区、类型。", \
        "Clues rectified. Counted on the day of finding, by region and kind.") \
    ROW(METRIC_CLUES_SIGNED_OFF, "clues.signed_off", DAY, FLOW, "clues", "销号线索", "Clues signed off", \
        "由河长办销号的线索数。计入发现之日，按县区、类型。", \
        "Clues signed off by the river office. Counted on the day of finding, by region and kind.") \
    ROW(METRIC_CLUES_RECEIPTS_LATE, "clues.receipts_late", DAY, FLOW, "clues", "超时签收", "Receipts late", \
        "移交后3个工作日未签收的线索数，计入到期之次日。", \
        "Transferred clues not countersigned within three workdays; on the day after.") \
    ROW(METRIC_CLUES_OPEN, "clues.open", DAY, STOCK, "clues", "在办线索", "Open clues", \
        "尚未整改或结案的线索数。逐日记增减，累计至某日即该日末数。", \
        "Clues neither rectified nor closed. Changes by day; their sum up to a day is the stock at its end.")

#endif
