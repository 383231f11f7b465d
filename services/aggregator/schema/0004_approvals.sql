-- Approvals: the item catalogue, and how cases are handled. Grants come with grants.sql.
--
-- A formula stands once: metrics.approval_cell spreads the cells over scopes and types; metrics.approval_change and
-- metrics.approval_stock are the items, metrics.approval_report the cases by day, month and year. The views of the bureau
-- choose from these.

CREATE TABLE metrics.day_bucket (
    category smallint PRIMARY KEY,
    first_days integer NOT NULL,
    last_days integer
);
COMMENT ON TABLE metrics.day_bucket IS 'Charged days that a category of the metric approvals.cases_by_charged_days stands for, both inclusive; no last day: any number from the first on. Loaded from the program by its migrate command.';

-- Metrics 20 to 53: changes of items, of all levels and (20 higher) of the city level. 60: rounds, of the city as a whole. 70 to 98:
-- cases. Summed by period first, so that what follows is about few rows.
CREATE VIEW metrics.approval_sum AS
SELECT 'day' AS period, c.period AS first_day, region, organisation, metric, category, value
  FROM metrics.cell c
 WHERE metric BETWEEN 20 AND 98
 UNION ALL
SELECT 'month', date_trunc('month', c.period::timestamp)::date, region, organisation, metric, category, sum(value)::bigint
  FROM metrics.cell c
 WHERE metric BETWEEN 20 AND 98
 GROUP BY date_trunc('month', c.period::timestamp)::date, region, organisation, metric, category
 UNION ALL
SELECT 'year', date_trunc('year', c.period::timestamp)::date, region, organisation, metric, category, sum(value)::bigint
  FROM metrics.cell c
 WHERE metric BETWEEN 20 AND 98
 GROUP BY date_trunc('year', c.period::timestamp)::date, region, organisation, metric, category;
COMMENT ON VIEW metrics.approval_sum IS 'Cells of approvals by day, month and year.';

-- Each counts for its agency, for the agency's region and for the city; and for all types and its own. Of a metric whose categories
-- are no types (rounds, days, ratings, slips) there are all types only.
CREATE VIEW metrics.approval_cell AS
SELECT s.scope, s.region, s.organisation, t.type, c.period, c.first_day, c.metric, c.category, c.value
  FROM metrics.approval_sum c
  LEFT JOIN metrics.region r ON r.code = c.region
 CROSS JOIN (SELECT code FROM metrics.region WHERE kind = 'city') city
 CROSS JOIN LATERAL (VALUES
        ('city', city.code, '' COLLATE "C"),
        (CASE WHEN r.kind = 'city' THEN 'municipal' ELSE 'county' END, c.region, ''),
        ('agency', c.region, c.organisation)) s (scope, region, organisation)
 CROSS JOIN LATERAL (VALUES (true, 0::smallint), (false, c.category)) t (is_all, type)
 WHERE (s.scope = 'city' OR c.organisation <> '')
   AND (t.is_all OR c.category BETWEEN 30 AND 99);
COMMENT ON VIEW metrics.approval_cell IS 'Sums of approvals as they count at each level: the city, the agencies of the city itself (municipal) or of a county together, each agency; all types (0) and each.';

-- What each day changed.
CREATE VIEW metrics.approval_change AS
SELECT scope, region, organisation,
       CASE WHEN metric >= 40 THEN 'city' ELSE 'all' END AS level,
       type, first_day AS day,
       coalesce(sum(value) FILTER (WHERE metric IN (20, 40)), 0) AS items,
       coalesce(sum(value) FILTER (WHERE metric IN (21, 41)), 0) AS visits_0,
       coalesce(sum(value) FILTER (WHERE metric IN (22, 42)), 0) AS visits_1,
       coalesce(sum(value) FILTER (WHERE metric IN (23, 43)), 0) AS visits_more,
       coalesce(sum(value) FILTER (WHERE metric IN (24, 44)), 0) AS no_meeting,
       coalesce(sum(value) FILTER (WHERE metric IN (25, 45)), 0) AS instant,
       coalesce(sum(value) FILTER (WHERE metric IN (26, 46)), 0) AS online,
       coalesce(sum(value) FILTER (WHERE metric IN (27, 47)), 0) AS depth_2,
       coalesce(sum(value) FILTER (WHERE metric IN (28, 48)), 0) AS app,
       coalesce(sum(value) FILTER (WHERE metric IN (29, 49)), 0) AS with_limits,
       coalesce(sum(value) FILTER (WHERE metric IN (30, 50)), 0) AS promised_hundredths,
       coalesce(sum(value) FILTER (WHERE metric IN (31, 51)), 0) AS statutory_hundredths,
       coalesce(sum(value) FILTER (WHERE metric IN (32, 52)), 0) AS ratio_millionths,
       coalesce(sum(value) FILTER (WHERE metric IN (33, 53)), 0) AS removed_in_rounds
  FROM metrics.approval_cell
 WHERE period = 'day' AND metric BETWEEN 20 AND 53
 GROUP BY scope, region, organisation, CASE WHEN metric >= 40 THEN 'city' ELSE 'all' END, type, first_day;
COMMENT ON VIEW metrics.approval_change IS 'Changes of the items in force by scope, level (all, or items of the city level), type and day.';

-- And what they add up to.
CREATE VIEW metrics.approval_stock AS
SELECT scope, region, organisation, level, type, day,
       (sum(items) OVER up_to)::bigint AS items,
       (sum(visits_0) OVER up_to)::bigint AS visits_0,
       (sum(visits_1) OVER up_to)::bigint AS visits_1,
       (sum(visits_more) OVER up_to)::bigint AS visits_more,
       (sum(no_meeting) OVER up_to)::bigint AS no_meeting,
       (sum(instant) OVER up_to)::bigint AS instant,
       (sum(online) OVER up_to)::bigint AS online,
       (sum(depth_2) OVER up_to)::bigint AS depth_2,
       (sum(app) OVER up_to)::bigint AS app,
       (sum(with_limits) OVER up_to)::bigint AS with_limits,
       (sum(promised_hundredths) OVER up_to)::bigint AS promised_hundredths,
       (sum(statutory_hundredths) OVER up_to)::bigint AS statutory_hundredths,
       (sum(ratio_millionths) OVER up_to)::bigint AS ratio_millionths,
       (sum(removed_in_rounds) OVER up_to)::bigint AS removed_in_rounds
  FROM metrics.approval_change
WINDOW up_to AS (PARTITION BY scope, region, organisation, level, type ORDER BY day);
COMMENT ON VIEW metrics.approval_stock IS 'Items in force at the end of each day on which something changed.';

-- Shares are made here, from sums; none is stored.
CREATE VIEW bureau.approval_items AS
SELECT n.scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.level,
       k.id AS type,
       n.day,
       n.items,
       n.visits_0,
       n.visits_1,
       n.visits_more,
       n.visits_1 AS at_most_once_exclusive,
       n.visits_0 + n.visits_1 AS at_most_once_nested,
       n.visits_0 AS no_meeting_exclusive,
       n.no_meeting AS no_meeting_nested,
       n.instant,
       n.online,
       n.depth_2,
       n.app,
       n.with_limits,
       n.promised_hundredths,
       n.statutory_hundredths,
       n.removed_in_rounds,
       round(n.visits_1::numeric / nullif(n.items, 0), 4) AS share_at_most_once_exclusive,
       round((n.visits_0 + n.visits_1)::numeric / nullif(n.items, 0), 4) AS share_at_most_once_nested,
       round(n.visits_0::numeric / nullif(n.items, 0), 4) AS share_no_meeting_exclusive,
       round(n.no_meeting::numeric / nullif(n.items, 0), 4) AS share_no_meeting_nested,
       round(n.instant::numeric / nullif(n.items, 0), 4) AS share_instant,
       round(n.depth_2::numeric / nullif(n.items, 0), 4) AS share_depth_2,
       round(n.depth_2::numeric / nullif(n.online, 0), 4) AS share_depth_2_of_online,
       round(n.app::numeric / nullif(n.items, 0), 4) AS share_app,
       round(1 - n.promised_hundredths::numeric / nullif(n.statutory_hundredths, 0), 4) AS limit_compression,
       round(n.ratio_millionths::numeric / (1000000 * nullif(n.with_limits, 0)), 4) AS limit_compression_mean
  FROM metrics.approval_stock n
  JOIN metrics.category k ON k.number = n.type
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> '';
COMMENT ON VIEW bureau.approval_items IS 'Items in force at the end of each day on which something changed, for the city, the agencies of the city itself (municipal), each county and each agency; of all levels and of the city level; of all types and each. exclusive and nested are two ways to count: at most once is exactly one visit, or none or one; without meeting is no visit, or the whole way possible without meeting. limit_compression is 1 - promised / statutory of the sums, limit_compression_mean the mean over items; both are about the with_limits items that have both limits. A share is NULL where its denominator is 0.';

CREATE VIEW bureau.approval_items_now AS
SELECT *
  FROM (SELECT DISTINCT ON (scope, region, organisation, level, type) *
          FROM bureau.approval_items
         WHERE day <= (now() AT TIME ZONE 'Asia/Shanghai')::date
         ORDER BY scope, region, organisation, level, type, day DESC) newest
 WHERE items <> 0 OR removed_in_rounds <> 0;
COMMENT ON VIEW bureau.approval_items_now IS 'Items in force today, columns as in approval_items; day is the last one on which something changed.';

-- A round is known by the day of its first removal. What it removed is what left in rounds until the next one began.
CREATE VIEW bureau.approval_rounds AS
WITH opened AS (
    SELECT day,
           sum(value) OVER (ORDER BY day) AS round,
           lead(day, 1, 'infinity') OVER (ORDER BY day) AS next_day
      FROM (SELECT first_day AS day, value FROM metrics.approval_sum WHERE metric = 60 AND period = 'day') d
     WHERE value <> 0 AND day <= (now() AT TIME ZONE 'Asia/Shanghai')::date
), counted AS (
    SELECT c.level, c.type, o.round, o.day,
           coalesce(sum(c.items) FILTER (WHERE c.day < o.day), 0)::bigint AS items_before,
           coalesce(sum(c.removed_in_rounds) FILTER (WHERE c.day >= o.day), 0)::bigint AS removed,
           sum(c.items)::bigint AS items_after
      FROM opened o
      JOIN metrics.approval_change c ON c.day < o.next_day AND c.day <= (now() AT TIME ZONE 'Asia/Shanghai')::date
     WHERE c.scope = 'city'
     GROUP BY c.level, c.type, o.round, o.day
), based AS (
    SELECT *, first_value(items_before) OVER (PARTITION BY level, type ORDER BY day) AS items_base
      FROM counted
)
SELECT n.level,
       k.id AS type,
       n.round::integer AS round,
       n.day,
       n.items_base,
       n.items_before,
       n.removed,
       n.items_after,
       n.items_base - n.items_after AS reduction,
       round((n.items_base - n.items_after)::numeric / nullif(n.items_base, 0), 4) AS share_reduction
  FROM based n
  JOIN metrics.category k ON k.number = n.type
 WHERE n.items_base <> 0 OR n.items_before <> 0 OR n.removed <> 0 OR n.items_after <> 0;
COMMENT ON VIEW bureau.approval_rounds IS 'Rounds of streamlining, city, by level and type: items in force before the first round (items_base) and before this one, those removed in it, those in force when the next one began (of the last: today), and the reduction since the first round. Of rounds that begin on one day there is one row, with the number of the last.';

-- The open overdue ones are a stock: a row for each period at whose end there are any, though nothing happened in it; the last day
-- that any case has an event on ends the last period.
CREATE VIEW metrics.approval_overdue AS
SELECT o.scope, o.region, o.organisation, o.type, u.period, p.first_day, o.open AS value
  FROM (SELECT scope, region, organisation, type, first_day AS day,
               sum(sum(value)) OVER by_day AS open,
               lead(first_day) OVER by_day AS next_day
          FROM metrics.approval_cell
         WHERE metric = 79 AND period = 'day'
         GROUP BY scope, region, organisation, type, first_day
        WINDOW by_day AS (PARTITION BY scope, region, organisation, type ORDER BY first_day)) o
 CROSS JOIN (SELECT max(period) AS day FROM metrics.cell WHERE metric BETWEEN 70 AND 98) newest
 CROSS JOIN (VALUES ('day', interval '1 day'), ('month', interval '1 month'), ('year', interval '1 year')) u (period, length)
 CROSS JOIN LATERAL (
        SELECT s::date AS first_day, (s + u.length)::date - 1 AS last_day
          FROM generate_series(date_trunc(u.period, o.day::timestamp),
                               date_trunc(u.period, coalesce(o.next_day - 1, newest.day)::timestamp), u.length) s) p
 WHERE o.open <> 0 AND p.last_day >= o.day AND (o.next_day IS NULL OR p.last_day < o.next_day);
COMMENT ON VIEW metrics.approval_overdue IS 'Open cases whose promised time has passed, at the end of each day, month and year.';

-- Flows add up over days.
CREATE VIEW metrics.approval_flow AS
SELECT scope, region, organisation, type, period, first_day, metric, category, value
  FROM metrics.approval_cell
 WHERE metric BETWEEN 70 AND 98 AND metric <> 79
 UNION ALL
SELECT scope, region, organisation, type, period, first_day, 79::smallint, 0::smallint, value::bigint
  FROM metrics.approval_overdue;
COMMENT ON VIEW metrics.approval_flow IS 'Sums of the cells of cases by day, month and year.';

-- The smallest number of days within which half, or nine tenths, of the decided cases were decided (nearest rank). Exact up to
-- 30; above, the last day of the bucket.
CREATE VIEW metrics.approval_days AS
SELECT scope, region, organisation, type, period, first_day,
       min(coalesce(b.last_days, b.first_days)) FILTER (WHERE 2 * up_to >= total) AS p50,
       min(coalesce(b.last_days, b.first_days)) FILTER (WHERE 10 * up_to >= 9 * total) AS p90
  FROM (SELECT scope, region, organisation, type, period, first_day, category,
               sum(sum(value)) OVER (place ORDER BY category) AS up_to,
               sum(sum(value)) OVER place AS total
          FROM metrics.approval_flow
         WHERE metric = 83
         GROUP BY scope, region, organisation, type, period, first_day, category
        WINDOW place AS (PARTITION BY scope, region, organisation, type, period, first_day)) h
  JOIN metrics.day_bucket b USING (category)
 GROUP BY scope, region, organisation, type, period, first_day;
COMMENT ON VIEW metrics.approval_days IS 'Median and 90th percentile of charged days.';

-- Shares are made here, from sums; none is stored.
CREATE VIEW metrics.approval_report AS
WITH counted AS (
    SELECT scope, region, organisation, type, period, first_day,
           coalesce(sum(value) FILTER (WHERE metric = 70), 0)::bigint AS received,
           coalesce(sum(value) FILTER (WHERE metric = 71), 0)::bigint AS accepted,
           coalesce(sum(value) FILTER (WHERE metric = 72), 0)::bigint AS deemed_accepted,
           coalesce(sum(value) FILTER (WHERE metric = 73), 0)::bigint AS not_accepted,
           coalesce(sum(value) FILTER (WHERE metric = 74), 0)::bigint AS withdrawn,
           coalesce(sum(value) FILTER (WHERE metric = 75), 0)::bigint AS approved,
           coalesce(sum(value) FILTER (WHERE metric = 76), 0)::bigint AS refused,
           coalesce(sum(value) FILTER (WHERE metric = 77), 0)::bigint AS on_time,
           coalesce(sum(value) FILTER (WHERE metric = 78), 0)::bigint AS late,
           coalesce(sum(value) FILTER (WHERE metric = 79), 0)::bigint AS open_overdue,
           coalesce(sum(value) FILTER (WHERE metric = 80), 0)::bigint AS lawful,
           coalesce(sum(value) FILTER (WHERE metric = 81), 0)::bigint AS charged_days,
           coalesce(sum(value) FILTER (WHERE metric = 82), 0)::bigint AS statutory_hundredths,
           coalesce(sum(value) FILTER (WHERE metric = 84), 0)::bigint AS delivered,
           coalesce(sum(value) FILTER (WHERE metric = 85), 0)::bigint AS certificates_late,
           coalesce(sum(value) FILTER (WHERE metric = 86), 0)::bigint AS supplements,
           coalesce(sum(value) FILTER (WHERE metric = 87), 0)::bigint AS suspensions,
           coalesce(sum(value) FILTER (WHERE metric = 88), 0)::bigint AS extensions,
           coalesce(sum(value) FILTER (WHERE metric = 89), 0)::bigint AS revoked,
           coalesce(sum(value) FILTER (WHERE metric = 90), 0)::bigint AS joint_delivered,
           coalesce(sum(value) FILTER (WHERE metric = 91), 0)::bigint AS joint_under_120_minutes,
           coalesce(sum(value) FILTER (WHERE metric = 92), 0)::bigint AS joint_minutes,
           coalesce(sum(value) FILTER (WHERE metric = 93), 0)::bigint AS ratings,
           coalesce(sum(value) FILTER (WHERE metric = 93 AND category BETWEEN 201 AND 203), 0)::bigint AS ratings_good,
           coalesce(sum(value) FILTER (WHERE metric = 93 AND category BETWEEN 204 AND 205), 0)::bigint AS ratings_bad,
           coalesce(sum(value) FILTER (WHERE metric = 94), 0)::bigint AS rectified,
           coalesce(sum(value) FILTER (WHERE metric = 95), 0)::bigint AS rectified_on_time,
           coalesce(sum(value) FILTER (WHERE metric = 96), 0)::bigint AS slips_issued,
           coalesce(sum(value) FILTER (WHERE metric = 96 AND category = 211), 0)::bigint AS slips_issued_level_1,
           coalesce(sum(value) FILTER (WHERE metric = 96 AND category = 212), 0)::bigint AS slips_issued_level_2,
           coalesce(sum(value) FILTER (WHERE metric = 96 AND category = 213), 0)::bigint AS slips_issued_level_3,
           coalesce(sum(value) FILTER (WHERE metric = 96 AND category = 214), 0)::bigint AS slips_issued_level_4,
           coalesce(sum(value) FILTER (WHERE metric = 97), 0)::bigint AS slips_lapsed,
           coalesce(sum(value) FILTER (WHERE metric = 98), 0)::bigint AS due_changed
      FROM metrics.approval_flow
     GROUP BY scope, region, organisation, type, period, first_day
)
SELECT n.scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       k.id AS type,
       n.period,
       n.first_day,
       n.received,
       n.accepted,
       n.deemed_accepted,
       n.not_accepted,
       n.withdrawn,
       n.approved,
       n.refused,
       n.on_time,
       n.late,
       n.open_overdue,
       n.lawful,
       n.charged_days,
       n.statutory_hundredths,
       n.delivered,
       n.certificates_late,
       n.supplements,
       n.suspensions,
       n.extensions,
       n.revoked,
       n.joint_delivered,
       n.joint_under_120_minutes,
       n.joint_minutes,
       CASE WHEN n.type = 0 THEN n.ratings END AS ratings,
       CASE WHEN n.type = 0 THEN n.ratings_good END AS ratings_good,
       CASE WHEN n.type = 0 THEN n.ratings_bad END AS ratings_bad,
       n.rectified,
       n.rectified_on_time,
       CASE WHEN n.type = 0 THEN n.slips_issued END AS slips_issued,
       CASE WHEN n.type = 0 THEN n.slips_issued_level_1 END AS slips_issued_level_1,
       CASE WHEN n.type = 0 THEN n.slips_issued_level_2 END AS slips_issued_level_2,
       CASE WHEN n.type = 0 THEN n.slips_issued_level_3 END AS slips_issued_level_3,
       CASE WHEN n.type = 0 THEN n.slips_issued_level_4 END AS slips_issued_level_4,
       CASE WHEN n.type = 0 THEN n.slips_lapsed END AS slips_lapsed,
       n.due_changed,
       d.p50 AS charged_days_p50,
       d.p90 AS charged_days_p90,
       round(n.on_time::numeric / nullif(n.on_time + n.late + n.open_overdue, 0), 4) AS share_on_time,
       round(n.on_time::numeric / nullif(n.on_time + n.late, 0), 4) AS share_on_time_closed_only,
       round(n.lawful::numeric / nullif(n.on_time + n.late, 0), 4) AS share_lawful_closed_only,
       round(1 - 100 * n.charged_days::numeric / nullif(n.statutory_hundredths, 0), 4) AS compression_actual,
       round(n.ratings_good::numeric / nullif(n.ratings, 0), 4) AS share_ratings_good,
       round(n.rectified_on_time::numeric / nullif(n.rectified, 0), 4) AS share_rectified_on_time,
       round(n.joint_under_120_minutes::numeric / nullif(n.joint_delivered, 0), 4) AS share_joint_under_120_minutes,
       round(n.joint_minutes::numeric / nullif(n.joint_delivered, 0), 1) AS joint_minutes_mean
  FROM counted n
  JOIN metrics.category k ON k.number = n.type
  LEFT JOIN metrics.approval_days d USING (scope, region, organisation, type, period, first_day)
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> '';
COMMENT ON VIEW metrics.approval_report IS 'Cases by day, month and year: what the views of the bureau show of one period each.';

CREATE VIEW bureau.approvals_by_day AS
SELECT * FROM metrics.approval_report WHERE period = 'day';
ALTER VIEW bureau.approvals_by_day RENAME COLUMN first_day TO day;
COMMENT ON VIEW bureau.approvals_by_day IS 'Cases by day, for the city, the agencies of the city itself (municipal), each county and each agency, of all types and each: steps of the day, and open_overdue at its end. share_on_time counts the open overdue ones against it; closed_only variants do not know them. charged_days and statutory_hundredths are of the decided cases with a statutory limit, compression_actual is 1 - used / statutory. charged_days_p50 and _p90: exact up to 30 days, above the last day of a bucket. Ratings, slips and percentiles are there for all types together; NULL for one type. share_rectified_on_time is of the rectifications done. A share is NULL where its denominator is 0.';

CREATE VIEW bureau.approvals_by_month AS
SELECT * FROM metrics.approval_report WHERE period = 'month';
ALTER VIEW bureau.approvals_by_month RENAME COLUMN first_day TO month;
COMMENT ON VIEW bureau.approvals_by_month IS 'Cases by month, for the city, the agencies of the city itself (municipal), each county and each agency, of all types and each: steps of the month, and open_overdue at its end. share_on_time counts the open overdue ones against it; closed_only variants do not know them. charged_days and statutory_hundredths are of the decided cases with a statutory limit, compression_actual is 1 - used / statutory. charged_days_p50 and _p90: exact up to 30 days, above the last day of a bucket. Ratings, slips and percentiles are there for all types together; NULL for one type. share_rectified_on_time is of the rectifications done. A share is NULL where its denominator is 0.';

CREATE VIEW bureau.approvals_by_year AS
SELECT * FROM metrics.approval_report WHERE period = 'year';
ALTER VIEW bureau.approvals_by_year RENAME COLUMN first_day TO year;
COMMENT ON VIEW bureau.approvals_by_year IS 'Cases by year, for the city, the agencies of the city itself (municipal), each county and each agency, of all types and each: steps of the year, and open_overdue at its end. share_on_time counts the open overdue ones against it; closed_only variants do not know them. charged_days and statutory_hundredths are of the decided cases with a statutory limit, compression_actual is 1 - used / statutory. charged_days_p50 and _p90: exact up to 30 days, above the last day of a bucket. Ratings, slips and percentiles are there for all types together; NULL for one type. share_rectified_on_time is of the rectifications done. A share is NULL where its denominator is 0.';
