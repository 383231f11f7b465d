#!/usr/bin/env bash
# make demo: a city-year through the real daemons into a real PostgreSQL, everything private to one temporary folder.
# Replays the year 2020 of Xuchang as its hospitals and agencies would publish it, prints the figures from the bureau's views,
# and stays until Ctrl-C so that one can look further. Then everything stops and the folder is removed.
#
#   --no-wait         stop right after printing (also when standard input or output is no terminal)
#   DEMO_PATIENTS=N   a smaller year than 753,800 patients
#   DEMO_CASES=N      another number of cases than 10,000 (a city of this size has about 300,000)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/stack.sh
. deploy/stack.sh
PATIENTS=${DEMO_PATIENTS:-753800}
CASES=${DEMO_CASES:-10000}
wait_at_end=true
[ -t 0 ] && [ -t 1 ] || wait_at_end=false
case ${1:-} in
'') ;;
--no-wait) wait_at_end=false ;;
*) echo "usage: deploy/demo.sh [--no-wait]" >&2; exit 64 ;;
esac
[[ $PATIENTS =~ ^[1-9][0-9]*$ ]] || { echo "DEMO_PATIENTS is no number: $PATIENTS" >&2; exit 64; }
[[ $CASES =~ ^[1-9][0-9]*$ ]] || { echo "DEMO_CASES is no number: $CASES" >&2; exit 64; }
seconds_since() { LC_ALL=C awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# --- What the bureau reads --------------------------------------------------------------------------------------------------
print_months() { # column, title
    echo "$2"
    bureau -P footer=off -P border=1 -P null= <<SQL
SELECT CASE WHEN month IS NULL THEN '2020' ELSE to_char(month, 'YYYY-MM') END AS "月 month",
       to_char(max(n) FILTER (WHERE region = 411002), '9,999,999') AS "魏都区",
       to_char(max(n) FILTER (WHERE region = 411003), '9,999,999') AS "建安区",
       to_char(max(n) FILTER (WHERE region = 411024), '9,999,999') AS "鄢陵县",
       to_char(max(n) FILTER (WHERE region = 411025), '9,999,999') AS "襄城县",
       to_char(max(n) FILTER (WHERE region = 411081), '9,999,999') AS "禹州市",
       to_char(max(n) FILTER (WHERE region = 411082), '9,999,999') AS "长葛市",
       to_char(max(n) FILTER (WHERE scope = 'city'), '99,999,999') AS "全市 city"
  FROM (SELECT scope, region, month, $1 AS n FROM bureau.visits_by_month
         WHERE scope <> 'hospital' AND class = 'all' AND month BETWEEN '2020-01-01' AND '2020-12-31'
         UNION ALL
        SELECT scope, region, NULL, $1 FROM bureau.visits_by_year
         WHERE scope <> 'hospital' AND class = 'all' AND year = '2020-01-01') AS numbers
 GROUP BY month ORDER BY month NULLS LAST
SQL
}
print_cases() {
    echo "Cases received in 2020 / 2020年收件情况"
    bureau -P footer=off -P border=1 -P null=- <<SQL
SELECT CASE scope WHEN 'city' THEN '全市 city' WHEN 'municipal' THEN '市直 municipal' ELSE region_name_zh END AS "地区 region",
       to_char(received, '999,999') AS "收件 received", to_char(approved + refused, '999,999') AS "办结 decided",
       to_char(100 * share_on_time, '990.0') || '%' AS "按时 on time", to_char(100 * compression_actual, '990.0') || '%' AS "实际压缩 less than the law allows",
       charged_days_p50 AS "中位 median days", to_char(100 * share_ratings_good, '990.0') || '%' AS "好评 good ratings",
       to_char(joint_under_120_minutes, '99,999') AS "开办企业<2小时 companies opened <2 h"
  FROM bureau.approvals_by_year WHERE scope <> 'agency' AND type = 'all' AND year = '2020-01-01'
 ORDER BY scope = 'city' DESC, scope = 'municipal' DESC, region
SQL
}
# Every figure that the city printed about 2020, printed and computed. A smaller year than the city's differs in its patients.
print_report() {
    local code=0
    ctl report annual --year 2020 || code=$?
    if [ "$PATIENTS" = 753800 ] && [ $code != 0 ]; then fail "a figure differs from what was printed." aggregator; fi
}

# --- The demo -----------------------------------------------------------------------------------------------------------------
begin=$EPOCHREALTIME
stack_new demo
trap 'echo; echo "Stopping / 正在停止"; exit 130' INT TERM
echo "Liancheng 莲城: hospital visits, government service and reform of Xuchang in 2020, from the events to the bureau's figures"
echo "                许昌市 2020 年就诊、政务服务与改革数据：从各单位的事件到数据局的指标"
echo
echo "Everything is in $FOLDER / 全部文件位于此目录"
echo "Starting PostgreSQL, the registries, the aggregator and the HL7 gateway / 正在启动 PostgreSQL、各登记系统、汇聚与 HL7 网关"
stack_start_postgresql
"$BIN/lianchengctl" replay --write-facilities "$FOLDER/facilities.tsv" --write-agencies "$FOLDER/agencies.tsv" >/dev/null
stack_configure "$FOLDER/facilities.tsv" "$FOLDER/agencies.tsv"
stack_start_daemon visits
LC_TICK_SOURCE=commands stack_start_daemon approvals # the year brings its own time
LC_TICK_SOURCE=commands stack_start_daemon issues
stack_start_daemon aggregator
stack_start_daemon hl7-gateway
start_s=$(seconds_since "$begin")

echo "Hospitals and agencies publish the year (all of them are invented) / 各医院与机关发布全年数据（人员与单位均为虚构）"
year=$EPOCHREALTIME
# All at once: the agencies wait for each of their days, the hospitals for nobody.
sides=(approvals issues)
declare -A side_of=()
for side in "${sides[@]}"; do
    setpriv --pdeathsig TERM "$BIN/lianchengctl" --config "$CITY/ctl.conf" replay --only "$side" --cases "$CASES" \
        >"$LOGS/replay-$side.log" 2>&1 </dev/null &
    side_of[$side]=$!
done
ctl replay --only visits --patients "$PATIENTS" || fail "the year was not published in full." visits
for side in "${sides[@]}"; do
    wait "${side_of[$side]}" || fail "the year was not published in full." "replay-$side"
    grep -E '^(published|accepted|refused)' "$LOGS/replay-$side.log"
done
replay_s=$(seconds_since "$year")
until stack_has_caught_up; do sleep 0.1; done
year_s=$(seconds_since "$year")

echo
print_months patients "One-card patients: distinct persons, each level counted by itself / 一卡通就诊人数（各级分别去重，不可相加）"
print_months visits "Visits / 就诊人次"
print_cases
echo
print_report
echo
echo "Time: $start_s s to start, $replay_s s to publish, $(LC_ALL=C awk -v a="$year_s" -v b="$replay_s" 'BEGIN { printf "%.1f", a - b }') s more until all of it was in PostgreSQL, $(seconds_since "$begin") s in all"
echo "用时：启动 $start_s 秒，发布 $replay_s 秒，合计 $(seconds_since "$begin") 秒"

if $wait_at_end; then
    cat <<NEXT

Be a hospital: send one HL7 v2 message, and read the year again / 模拟医院：发送一条 HL7 v2 消息，再看全年数据:
  $B/bin/lianchengctl --config $CITY/ctl.conf import hl7 deploy/demo.hl7 --result /tmp/demo.result
  psql -h $PG -U bureau liancheng -c "TABLE bureau.visits_by_year"
  $B/bin/lianchengctl --config $CITY/ctl.conf conformance weidu-01

Look further, in another terminal / 在另一终端中继续查看:
  psql -h $PG -U bureau liancheng          then: \\d bureau.*   TABLE bureau.metric;
  $B/bin/lianchengctl --config $CITY/ctl.conf status
  $B/bin/lianchengctl --config $CITY/ctl.conf follow visits    the feed: all of it, then live
  $B/bin/lianchengctl --config $CITY/ctl.conf cases --state review   open cases; why CASE explains a deadline
  $B/bin/lianchengctl --config $CITY/ctl.conf issues --state handling   open issues; issue NUMBER, ledger, clues, stalls
  $B/bin/lianchengctl --config $CITY/ctl.conf publish --period 2020   freezes the year; publications, report changes
  $B/bin/lianchengctl --config $CITY/ctl.conf explain issues.resolved --period 2020-03 --region 411000   a figure's events
  $B/bin/lianchengctl verify $CITY/data/visits/log.db          the hash chain of the log

Ctrl-C stops everything and removes the folder / 按 Ctrl-C 停止并删除全部文件
NEXT
    while true; do
        for name in "${started[@]}"; do is_running "$name" || fail "$name has ended." "$name"; done
        sleep 1
    done
fi
