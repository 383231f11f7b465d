#!/usr/bin/env bash
# make demo: a city-year through the real daemons into a real PostgreSQL, everything private to one temporary folder.
# Replays the year 2020 of Xuchang as its hospitals would publish it, prints the figures from the bureau's views, and
# stays until Ctrl-C so that one can look further. Then everything stops and the folder is removed.
#
#   --no-wait         stop right after printing (also when standard input or output is no terminal)
#   DEMO_PATIENTS=N   a smaller year than 753,800 patients
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/stack.sh
. deploy/stack.sh
PATIENTS=${DEMO_PATIENTS:-753800}
wait_at_end=true
[ -t 0 ] && [ -t 1 ] || wait_at_end=false
case ${1:-} in
'') ;;
--no-wait) wait_at_end=false ;;
*) echo "usage: deploy/demo.sh [--no-wait]" >&2; exit 64 ;;
esac
[[ $PATIENTS =~ ^[1-9][0-9]*$ ]] || { echo "DEMO_PATIENTS is no number: $PATIENTS" >&2; exit 64; }
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
print_rescue() {
    echo "Rescue circle 2020: emergencies brought in after a call, at a hospital able to treat / 2020年急救圈：呼救后到达有救治能力医院的急诊"
    bureau -P footer=off -P border=1 -P null=- <<SQL
SELECT CASE scope WHEN 'city' THEN '全市 city' ELSE region_name_zh END AS "地区 region",
       to_char(arrivals, '999,999') AS "到达 arrivals", to_char(arrivals_urban, '999,999') AS "城区 urban",
       to_char(100 * share_within_30_minutes, '990.0') || '%' AS "城区≤30分钟 urban ≤30 min",
       to_char(100 * share_within_120_minutes, '990.0') || '%' AS "≤120分钟 ≤120 min"
  FROM bureau.rescue_by_year WHERE scope <> 'hospital' AND year = '2020-01-01'
 ORDER BY scope DESC, region
SQL
}
# The headline: the one number, as the view has it.
print_headline() {
    local patients
    patients=$(bureau -A -t -c "SELECT patients FROM bureau.visits_by_year
        WHERE scope = 'city' AND class = 'all' AND year = '2020-01-01'")
    bureau -A -t <<SQL
SELECT to_char(${patients:-0}, 'FM999,999,999') || ' patients used one card in 2020 / 2020年一卡通就医患者 '
       || trim_scale(round(${patients:-0} / 10000.0, 4)) || ' 万人'
SQL
    if [ "$patients" != "$PATIENTS" ]; then
        fail "the view says '$patients' patients, but $PATIENTS were published."
    fi
}

# --- The demo -----------------------------------------------------------------------------------------------------------------
begin=$EPOCHREALTIME
stack_new demo
trap 'echo; echo "Stopping / 正在停止"; exit 130' INT TERM
echo "Liancheng 莲城: the hospital visits of Xuchang in 2020, from the hospitals' events to the bureau's figures"
echo "                许昌市 2020 年就诊数据：从各医院的事件到数据局的指标"
echo
echo "Everything is in $FOLDER / 全部文件位于此目录"
echo "Starting PostgreSQL, the visit registry, the aggregator and the HL7 gateway / 正在启动 PostgreSQL、就诊登记、汇聚与 HL7 网关"
stack_start_postgresql
"$BIN/lianchengctl" replay --write-facilities "$FOLDER/facilities.tsv" >/dev/null
stack_configure "$FOLDER/facilities.tsv"
stack_start_daemon visits
stack_start_daemon aggregator
stack_start_daemon hl7-gateway
start_s=$(seconds_since "$begin")

echo "Hospitals publish the year (the persons are invented) / 各医院发布全年数据（人员均为虚构）"
year=$EPOCHREALTIME
ctl replay --patients "$PATIENTS" || fail "the year was not published in full." visits
replay_s=$(seconds_since "$year")
until stack_has_caught_up; do sleep 0.1; done
year_s=$(seconds_since "$year")

echo
print_months patients "One-card patients: distinct persons, each level counted by itself / 一卡通就诊人数（各级分别去重，不可相加）"
print_months visits "Visits / 就诊人次"
print_rescue
print_headline
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
  $B/bin/lianchengctl verify $CITY/data/visits/log.db          the hash chain of the log

Ctrl-C stops everything and removes the folder / 按 Ctrl-C 停止并删除全部文件
NEXT
    while true; do
        for name in "${started[@]}"; do is_running "$name" || fail "$name has ended." "$name"; done
        sleep 1
    done
fi
