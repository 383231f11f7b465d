-- Enterprise issues, the reform ledger, river clues. Grants come with grants.sql.
--
-- A formula stands once: metrics.issue_report has every number of issues by day, month and year; metrics.ledger_report the ledger by
-- year, for the city, each field, each lead unit. The views of the bureau choose from these.

-- Each number counts for its region and for the city, and for the unit that it names. Metrics about subjects (122 to 125, 128) have
-- views of their own.
CREATE VIEW metrics.issue_cell AS
SELECT s.scope, s.region, s.organisation, u.period, date_trunc(u.period, c.period::timestamp)::date AS first_day,
       c.metric, c.category, sum(c.value)::bigint AS value
  FROM metrics.cell c
  LEFT JOIN metrics.region r ON r.code = c.region
  LEFT JOIN metrics.organisation o ON o.code = c.organisation AND c.organisation <> ''
 CROSS JOIN (SELECT code FROM metrics.region WHERE kind = 'city') city
 CROSS JOIN (VALUES ('day'), ('month'), ('year')) u (period)
 CROSS JOIN LATERAL (VALUES
        ('city', city.code, '' COLLATE "C"),
        (CASE WHEN r.kind = 'city' THEN 'municipal' ELSE 'county' END, c.region, ''),
        ('unit', coalesce(o.region, c.region), c.organisation)) s (scope, region, organisation)
 WHERE (c.metric BETWEEN 100 AND 121 OR c.metric IN (130, 131))
   AND (s.scope <> 'unit' OR c.organisation <> '')
 GROUP BY 1, 2, 3, 4, 5, 6, 7;
COMMENT ON VIEW metrics.issue_cell IS 'Sums of issues by day, month and year as they count at each level: the city, each county, each unit.';

-- The smallest number of workdays within which half, or nine tenths, of the resolved issues were answered (nearest rank). Exact up to
-- 30; above, the last day of the bucket.
CREATE VIEW metrics.issue_days AS
SELECT scope, region, organisation, period, first_day,
       min(coalesce(b.last_days, b.first_days)) FILTER (WHERE 2 * up_to >= total) AS p50,
       min(coalesce(b.last_days, b.first_days)) FILTER (WHERE 10 * up_to >= 9 * total) AS p90
  FROM (SELECT scope, region, organisation, period, first_day, category,
               sum(value) OVER (place ORDER BY category) AS up_to,
               sum(value) OVER place AS total
          FROM metrics.issue_cell
         WHERE metric = 115
        WINDOW place AS (PARTITION BY scope, region, organisation, period, first_day)) h
  JOIN metrics.day_bucket b USING (category)
 GROUP BY scope, region, organisation, period, first_day;
COMMENT ON VIEW metrics.issue_days IS 'Median and 90th percentile of workdays from dispatch to answer.';

CREATE VIEW metrics.issue_report AS
WITH counted AS (
    SELECT scope, region, organisation, period, first_day,
           coalesce(sum(value) FILTER (WHERE metric = 100), 0)::bigint AS registered,
           coalesce(sum(value) FILTER (WHERE metric = 101), 0)::bigint AS duplicates,
           coalesce(sum(value) FILTER (WHERE metric = 102), 0)::bigint AS invalid,
           coalesce(sum(value) FILTER (WHERE metric = 103), 0)::bigint AS resolved,
           coalesce(sum(value) FILTER (WHERE metric = 104), 0)::bigint AS confirmed,
           coalesce(sum(value) FILTER (WHERE metric = 105), 0)::bigint AS unconfirmed,
           coalesce(sum(value) FILTER (WHERE metric = 106), 0)::bigint AS signed_off,
           coalesce(sum(value) FILTER (WHERE metric = 108), 0)::bigint AS transferred,
           coalesce(sum(value) FILTER (WHERE metric = 109), 0)::bigint AS cancelled,
           coalesce(sum(value) FILTER (WHERE metric = 110), 0)::bigint AS dissatisfied,
           coalesce(sum(value) FILTER (WHERE metric = 111), 0)::bigint AS on_time,
           coalesce(sum(value) FILTER (WHERE metric = 112), 0)::bigint AS late,
           coalesce(sum(value) FILTER (WHERE metric = 117), 0)::bigint AS extensions,
           coalesce(sum(value) FILTER (WHERE metric = 118), 0)::bigint AS disputes,
           coalesce(sum(value) FILTER (WHERE metric = 119), 0)::bigint AS dispatched_late,
           coalesce(sum(value) FILTER (WHERE metric = 120), 0)::bigint AS raised,
           coalesce(sum(value) FILTER (WHERE metric = 121), 0)::bigint AS parts_late,
           coalesce(sum(value) FILTER (WHERE metric = 130), 0)::bigint AS slips_issued,
           coalesce(sum(value) FILTER (WHERE metric = 131), 0)::bigint AS slips_lapsed,
           -- Stocks: nothing changes in a period that has no row.
           (sum(coalesce(sum(value) FILTER (WHERE metric = 114), 0)) OVER up_to)::bigint AS open,
           (sum(coalesce(sum(value) FILTER (WHERE metric = 113), 0)) OVER up_to)::bigint AS open_overdue,
           (sum(coalesce(sum(value) FILTER (WHERE metric = 107), 0)) OVER up_to)::bigint AS long_term
      FROM metrics.issue_cell
     GROUP BY scope, region, organisation, period, first_day
    WINDOW up_to AS (PARTITION BY scope, region, organisation, period ORDER BY first_day)
)
SELECT n.scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.period,
       n.first_day,
       CASE WHEN n.scope <> 'unit' THEN n.registered END AS registered,
       CASE WHEN n.scope <> 'unit' THEN n.duplicates END AS duplicates,
       CASE WHEN n.scope <> 'unit' THEN n.invalid END AS invalid,
       CASE WHEN n.scope <> 'unit' THEN n.registered - n.duplicates - n.invalid END AS collected,
       CASE WHEN n.scope <> 'unit' THEN n.resolved END AS resolved,
       CASE WHEN n.scope <> 'unit' THEN n.confirmed END AS confirmed,
       CASE WHEN n.scope <> 'unit' THEN n.unconfirmed END AS unconfirmed,
       CASE WHEN n.scope <> 'unit' THEN n.signed_off END AS signed_off,
       CASE WHEN n.scope <> 'unit' THEN n.transferred END AS transferred,
       CASE WHEN n.scope <> 'unit' THEN n.cancelled END AS cancelled,
       CASE WHEN n.scope <> 'unit' THEN n.long_term END AS long_term,
       CASE WHEN n.scope <> 'unit' THEN n.open END AS open,
       n.open_overdue,
       n.on_time,
       n.late,
       n.dissatisfied,
       n.extensions,
       n.disputes,
       n.dispatched_late,
       n.raised,
       n.parts_late,
       n.slips_issued,
       n.slips_lapsed,
       d.p50 AS workdays_p50,
       d.p90 AS workdays_p90,
       CASE WHEN n.scope <> 'unit' THEN
            round(n.resolved::numeric / nullif(n.registered - n.duplicates - n.invalid, 0), 4) END AS share_resolved,
       CASE WHEN n.scope <> 'unit' THEN round(n.confirmed::numeric / nullif(n.resolved, 0), 4) END AS share_confirmed,
       round(n.on_time::numeric / nullif(n.on_time + n.late + n.open_overdue, 0), 4) AS share_on_time,
       round(n.on_time::numeric / nullif(n.on_time + n.late, 0), 4) AS share_on_time_closed_only
  FROM counted n
  LEFT JOIN metrics.issue_days d USING (scope, region, organisation, period, first_day)
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> '';
COMMENT ON VIEW metrics.issue_report IS 'Issues by day, month and year: what the views of the bureau show of one period each.';

CREATE VIEW bureau.issues_by_day AS
SELECT * FROM metrics.issue_report WHERE period = 'day';
ALTER VIEW bureau.issues_by_day RENAME COLUMN first_day TO day;
COMMENT ON VIEW bureau.issues_by_day IS 'Enterprise issues by day, for the city, each county and each unit, of days on which something happened. registered to cancelled belong to the day of registration (a cohort), so resolved is never more than collected; the others to the day of the step; open, open_overdue and long_term are those at its end. share_resolved is resolved / collected, share_confirmed those the enterprise confirmed / resolved. A share is NULL where its denominator is 0; numbers that are of no unit are NULL there.';

CREATE VIEW bureau.issues_by_month AS
SELECT * FROM metrics.issue_report WHERE period = 'month';
ALTER VIEW bureau.issues_by_month RENAME COLUMN first_day TO month;
COMMENT ON VIEW bureau.issues_by_month IS 'Enterprise issues by month; columns as in issues_by_day.';

CREATE VIEW bureau.issues_by_year AS
SELECT * FROM metrics.issue_report WHERE period = 'year';
ALTER VIEW bureau.issues_by_year RENAME COLUMN first_day TO year;
COMMENT ON VIEW bureau.issues_by_year IS 'Enterprise issues by year; columns as in issues_by_day.';

CREATE VIEW bureau.issues_open_by_age AS
SELECT s.scope, s.region, a.age, sum(c.value)::bigint AS open
  FROM metrics.cell c
  LEFT JOIN metrics.region r ON r.code = c.region
 CROSS JOIN (SELECT code FROM metrics.region WHERE kind = 'city') city
 CROSS JOIN (SELECT max(period) AS day FROM metrics.cell WHERE metric BETWEEN 100 AND 121) newest
 CROSS JOIN LATERAL (VALUES ('city', city.code), (CASE WHEN r.kind = 'city' THEN 'municipal' ELSE 'county' END, c.region)) s (scope, region)
 CROSS JOIN LATERAL (SELECT CASE WHEN newest.day - c.period <= 7 THEN '0-7' WHEN newest.day - c.period <= 30 THEN '8-30'
                                 WHEN newest.day - c.period <= 90 THEN '31-90' ELSE '91+' END) a (age)
 WHERE c.metric = 116
 GROUP BY s.scope, s.region, a.age
HAVING sum(c.value) <> 0;
COMMENT ON VIEW bureau.issues_open_by_age IS 'Open issues by the days since their registration, as of the newest day of the issues'' data: 0-7, 8-30, 31-90, 91+.';

CREATE VIEW bureau.issue_stalls AS
SELECT CASE WHEN metric IN (122, 123) THEN 'item' ELSE 'task' END AS kind,
       organisation AS code,
       coalesce(sum(value) FILTER (WHERE metric IN (122, 124)), 0)::bigint AS issues,
       coalesce(sum(value) FILTER (WHERE metric IN (123, 125)), 0)::bigint AS open
  FROM metrics.cell
 WHERE metric BETWEEN 122 AND 125
 GROUP BY 1, 2
HAVING coalesce(sum(value) FILTER (WHERE metric IN (122, 124)), 0) <> 0;
COMMENT ON VIEW bureau.issue_stalls IS 'Which items of the approval catalogue and which reform tasks stall enterprises: issues that name them, and those of them that are open. code: its first 32 bytes.';

CREATE VIEW bureau.contact_rules AS
SELECT CASE WHEN metric = 126 THEN 'positive' ELSE 'negative' END AS list, sum(value)::bigint AS in_force
  FROM metrics.cell WHERE metric IN (126, 127) GROUP BY metric;
COMMENT ON VIEW bureau.contact_rules IS 'Coded rules of contact between government and business in force, by list.';

CREATE VIEW bureau.contact_rules_cited AS
SELECT organisation AS rule, sum(value)::bigint AS issues
  FROM metrics.cell WHERE metric = 128 GROUP BY organisation HAVING sum(value) <> 0;
COMMENT ON VIEW bureau.contact_rules_cited IS 'Issues that cite each rule.';

-- --- The ledger -------------------------------------------------------------------------------------------------------------------

CREATE VIEW metrics.ledger_report AS
WITH counted AS (
    SELECT s.scope, s.field, s.organisation, date_trunc('year', c.period::timestamp)::date AS year,
           coalesce(sum(value) FILTER (WHERE metric = 140), 0)::bigint AS tasks,
           coalesce(sum(value) FILTER (WHERE metric = 141), 0)::bigint AS signed_off,
           coalesce(sum(value) FILTER (WHERE metric = 142), 0)::bigint AS signed_off_on_time,
           coalesce(sum(value) FILTER (WHERE metric = 143), 0)::bigint AS cancelled,
           coalesce(sum(value) FILTER (WHERE metric = 144), 0)::bigint AS deferred,
           coalesce(sum(value) FILTER (WHERE metric = 145), 0)::bigint AS carried_over,
           coalesce(sum(value) FILTER (WHERE metric = 146), 0)::bigint AS key_items,
           coalesce(sum(value) FILTER (WHERE metric = 149), 0)::bigint AS progress_permille,
           coalesce(sum(value) FILTER (WHERE metric = 150), 0)::bigint AS lag_yellow,
           coalesce(sum(value) FILTER (WHERE metric = 151), 0)::bigint AS lag_orange,
           coalesce(sum(value) FILTER (WHERE metric = 152), 0)::bigint AS lag_red,
           coalesce(sum(value) FILTER (WHERE metric = 153), 0)::bigint AS milestones,
           coalesce(sum(value) FILTER (WHERE metric = 154), 0)::bigint AS milestones_closed,
           coalesce(sum(value) FILTER (WHERE metric = 155), 0)::bigint AS indicators,
           coalesce(sum(value) FILTER (WHERE metric = 156), 0)::bigint AS indicators_met,
           coalesce(sum(value) FILTER (WHERE metric = 157), 0)::bigint AS reports,
           coalesce(sum(value) FILTER (WHERE metric = 158), 0)::bigint AS reopened,
           coalesce(sum(value) FILTER (WHERE metric = 159), 0)::bigint AS objections
      FROM metrics.cell c
     CROSS JOIN LATERAL (VALUES ('city', 0::smallint, '' COLLATE "C"), ('field', c.category, ''), ('unit', 0, c.organisation)) s
                        (scope, field, organisation)
     WHERE c.metric BETWEEN 140 AND 159 AND c.metric NOT IN (147, 148)
       AND (s.scope <> 'field' OR c.category <> 0)
       AND (s.scope <> 'unit' OR c.organisation <> '')
     GROUP BY 1, 2, 3, 4
)
SELECT n.scope, k.id AS field, k.label_zh AS field_name_zh, k.label_en AS field_name_en, n.organisation, o.name AS organisation_name,
       n.year, n.tasks, n.signed_off, n.signed_off_on_time, n.cancelled, n.deferred, n.carried_over, n.key_items,
       n.lag_yellow, n.lag_orange, n.lag_red, n.lag_yellow + n.lag_orange + n.lag_red AS lagging,
       n.milestones, n.milestones_closed, n.indicators, n.indicators_met, n.reports, n.reopened, n.objections,
       round(n.signed_off::numeric / nullif(n.tasks, 0), 4) AS share_signed_off,
       round(n.signed_off_on_time::numeric / nullif(n.signed_off, 0), 4) AS share_on_time,
       round(n.progress_permille::numeric / 1000 / nullif(n.tasks, 0), 4) AS progress
  FROM counted n
  JOIN metrics.category k ON k.number = n.field
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> '';
COMMENT ON VIEW metrics.ledger_report IS 'The reform ledger by year: the city, each field, each lead unit.';

CREATE VIEW bureau.ledger_by_year AS
SELECT year, tasks, signed_off, signed_off_on_time, cancelled, deferred, carried_over, key_items, lag_yellow, lag_orange, lag_red, lagging,
       milestones, milestones_closed, indicators, indicators_met, reports, reopened, objections, share_signed_off, share_on_time, progress,
       p.provincial_tasks, p.provincial_mapped
  FROM metrics.ledger_report l
  LEFT JOIN LATERAL (
        SELECT sum(value) FILTER (WHERE metric = 147)::bigint AS provincial_tasks,
               sum(value) FILTER (WHERE metric = 148)::bigint AS provincial_mapped
          FROM metrics.cell c WHERE c.metric IN (147, 148) AND c.period = l.year) p ON true
 WHERE scope = 'city';
COMMENT ON VIEW bureau.ledger_by_year IS 'The reform ledger of each year, city-wide. progress is the mean over tasks of what their indicators have reached (0 to 1); lagging counts tasks that are behind now: yellow (a tenth behind, or no report), orange (a milestone passed), red (its last day passed). provincial_mapped: tasks of the province that an issued task answers to.';

CREATE VIEW bureau.ledger_by_field AS
SELECT year, field, field_name_zh, field_name_en, tasks, signed_off, signed_off_on_time, cancelled, deferred, carried_over, key_items,
       lag_yellow, lag_orange, lag_red, lagging, milestones, milestones_closed, indicators, indicators_met, reports, reopened, objections,
       share_signed_off, share_on_time, progress
  FROM metrics.ledger_report WHERE scope = 'field';
COMMENT ON VIEW bureau.ledger_by_field IS 'The reform ledger of each year by field of reform; columns as in ledger_by_year.';

CREATE VIEW bureau.ledger_by_unit AS
SELECT year, organisation, organisation_name, tasks, signed_off, signed_off_on_time, cancelled, deferred, carried_over, key_items,
       lag_yellow, lag_orange, lag_red, lagging, milestones, milestones_closed, indicators, indicators_met, reports, reopened, objections,
       share_signed_off, share_on_time, progress
  FROM metrics.ledger_report WHERE scope = 'unit';
COMMENT ON VIEW bureau.ledger_by_unit IS 'The reform ledger of each year by lead unit; columns as in ledger_by_year.';

CREATE VIEW bureau.ledger_indicators AS
SELECT c.period AS year, c.organisation AS indicator,
       sum(value) FILTER (WHERE metric = 160) / 100 AS baseline,
       sum(value) FILTER (WHERE metric = 161) / 100 AS target,
       sum(value) FILTER (WHERE metric = 162) / 100 AS measured,
       sum(value) FILTER (WHERE metric = 163) / 100 AS total
  FROM metrics.cell c
 WHERE metric BETWEEN 160 AND 163
 GROUP BY c.period, c.organisation;
COMMENT ON VIEW bureau.ledger_indicators IS 'Indicators of the tasks of each year by their code, in units: baseline, target, measured last with evidence; total of coverage.';

-- --- River clues ------------------------------------------------------------------------------------------------------------------

CREATE VIEW bureau.clues_by_year AS
WITH counted AS (
    SELECT s.scope, s.region, s.kind, date_trunc('year', c.period::timestamp)::date AS year,
           coalesce(sum(value) FILTER (WHERE metric = 170), 0)::bigint AS found,
           coalesce(sum(value) FILTER (WHERE metric = 171), 0)::bigint AS transferred,
           coalesce(sum(value) FILTER (WHERE metric = 172), 0)::bigint AS received,
           coalesce(sum(value) FILTER (WHERE metric = 173), 0)::bigint AS filed,
           coalesce(sum(value) FILTER (WHERE metric = 174), 0)::bigint AS not_filed,
           coalesce(sum(value) FILTER (WHERE metric = 175), 0)::bigint AS suggestions,
           coalesce(sum(value) FILTER (WHERE metric = 176), 0)::bigint AS replied_on_time,
           coalesce(sum(value) FILTER (WHERE metric = 177), 0)::bigint AS replied_late,
           coalesce(sum(value) FILTER (WHERE metric = 178), 0)::bigint AS rectified,
           coalesce(sum(value) FILTER (WHERE metric = 179), 0)::bigint AS signed_off,
           coalesce(sum(value) FILTER (WHERE metric = 180), 0)::bigint AS receipts_late
      FROM metrics.cell c
     CROSS JOIN (SELECT code FROM metrics.region WHERE kind = 'city') city
     CROSS JOIN LATERAL (VALUES ('city', city.code), ('county', c.region)) g (scope, region)
     CROSS JOIN LATERAL (VALUES (g.scope, g.region, true, 0::smallint), (g.scope, g.region, false, c.category)) s (scope, region, is_all, kind)
     WHERE c.metric BETWEEN 170 AND 180
       AND (s.is_all OR c.category <> 0)
     GROUP BY 1, 2, 3, 4
)
SELECT n.scope, n.region, r.name_zh AS region_name_zh, r.name_en AS region_name_en, k.id AS kind, n.year, n.found, n.transferred, n.received,
       n.filed, n.not_filed, n.suggestions, n.replied_on_time, n.replied_late, n.rectified, n.signed_off, n.receipts_late,
       round(n.filed::numeric / nullif(n.transferred, 0), 4) AS filing_rate,
       round(n.signed_off::numeric / nullif(n.found, 0), 4) AS share_signed_off
  FROM counted n
  JOIN metrics.category k ON k.number = n.kind
  LEFT JOIN metrics.region r ON r.code = n.region;
COMMENT ON VIEW bureau.clues_by_year IS 'River clues by year, for the city and each county, of all kinds and each. found, rectified and signed_off belong to the day of finding; transferred to replied_late to the day of transfer, so filed is never more than transferred; receipts_late to its own day. filing_rate is filed / transferred.';
