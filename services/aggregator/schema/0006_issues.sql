-- Enterprise issues, the reform ledger, river clues. Grants come with grants.sql.
--
-- A formula stands once: metrics.issue_cell spreads the cells of issues and clues over periods, scopes and kinds;
-- metrics.issue_stock is what is open at the end of each period; metrics.issue_report has every number of issues by day,
-- month and year, metrics.ledger_report the ledger by year for the city, each field and each lead unit. The views of the
-- bureau choose from these.

-- Metrics 100 to 121: issues; 130, 131: slips on issues, tasks and clues; 170 to 181: clues. Those of subjects (122 to 128) and
-- the age of what is open (116) have views of their own. Summed by period first, so that what follows is about few rows.
CREATE VIEW metrics.issue_sum AS
SELECT u.period, date_trunc(u.period, c.period::timestamp)::date AS first_day, c.region, c.organisation, c.metric, c.category,
       sum(c.value)::bigint AS value
  FROM metrics.cell c
 CROSS JOIN (VALUES ('day'), ('month'), ('year')) u (period)
 WHERE (c.metric BETWEEN 100 AND 121 AND c.metric <> 116) OR c.metric IN (130, 131) OR c.metric BETWEEN 170 AND 181
 GROUP BY u.period, date_trunc(u.period, c.period::timestamp)::date, c.region, c.organisation, c.metric, c.category;
COMMENT ON VIEW metrics.issue_sum IS 'Cells of issues, slips and clues by day, month and year.';

-- Each counts for its region and for the city, and for the unit that it names, wherever the enterprise is; and, of clues, for all
-- kinds (0) and its own.
CREATE VIEW metrics.issue_cell AS
SELECT s.scope, s.region, s.organisation, k.kind, c.period, c.first_day, c.metric, c.category, sum(c.value)::bigint AS value
  FROM metrics.issue_sum c
  LEFT JOIN metrics.region r ON r.code = c.region
  LEFT JOIN metrics.organisation o ON o.code = c.organisation AND c.organisation <> ''
 CROSS JOIN (SELECT code FROM metrics.region WHERE kind = 'city') city
 CROSS JOIN LATERAL (VALUES
        ('city', city.code, '' COLLATE "C"),
        (CASE WHEN r.kind = 'city' THEN 'municipal' ELSE 'county' END, c.region, ''),
        ('unit', coalesce(o.region, c.region), c.organisation)) s (scope, region, organisation)
 CROSS JOIN LATERAL (VALUES (true, 0::smallint), (false, c.category)) k (is_all, kind)
 WHERE (s.scope <> 'unit' OR c.organisation <> '')
   AND (k.is_all OR c.category BETWEEN 241 AND 249)
 GROUP BY s.scope, s.region, s.organisation, k.kind, c.period, c.first_day, c.metric, c.category;
COMMENT ON VIEW metrics.issue_cell IS 'Sums of issues and clues as they count at each level: the city, what belongs to the city itself (municipal) or to a county, each unit; all kinds of clues (0) and each.';

-- The last day that the registry has an event on; it ends the last period.
CREATE VIEW metrics.issue_newest AS
SELECT least(max(period), (now() AT TIME ZONE 'Asia/Shanghai')::date) AS day
  FROM metrics.cell
 WHERE metric BETWEEN 100 AND 132 OR metric BETWEEN 157 AND 159 OR metric BETWEEN 170 AND 181;
COMMENT ON VIEW metrics.issue_newest IS 'The newest day of the data of issues, ledger and clues.';

-- What is open is a stock: a row for each period at whose end there is any, though nothing happened in it.
CREATE VIEW metrics.issue_stock AS
SELECT o.scope, o.region, o.organisation, o.kind, u.period, p.first_day, o.metric, o.value
  FROM (SELECT scope, region, organisation, kind, metric, first_day AS day,
               (sum(sum(value)) OVER by_day)::bigint AS value,
               lead(first_day) OVER by_day AS next_day
          FROM metrics.issue_cell
         WHERE metric IN (107, 113, 114, 181) AND period = 'day'
         GROUP BY scope, region, organisation, kind, metric, first_day
        WINDOW by_day AS (PARTITION BY scope, region, organisation, kind, metric ORDER BY first_day)) o
 CROSS JOIN metrics.issue_newest newest
 CROSS JOIN (VALUES ('day', interval '1 day'), ('month', interval '1 month'), ('year', interval '1 year')) u (period, length)
 CROSS JOIN LATERAL (
        SELECT s::date AS first_day, (s + u.length)::date - 1 AS last_day
          FROM generate_series(date_trunc(u.period, o.day::timestamp),
                               date_trunc(u.period, least(o.next_day - 1, newest.day)::timestamp), u.length) s) p
 WHERE o.value <> 0 AND p.last_day >= o.day AND (o.next_day IS NULL OR p.last_day < o.next_day);
COMMENT ON VIEW metrics.issue_stock IS 'Open, long-term and overdue issues, and open clues, at the end of each day, month and year.';

-- Flows add up over days.
CREATE VIEW metrics.issue_flow AS
SELECT scope, region, organisation, kind, period, first_day, metric, category, value
  FROM metrics.issue_cell
 WHERE metric NOT IN (107, 113, 114, 181)
 UNION ALL
SELECT scope, region, organisation, kind, period, first_day, metric, 0::smallint, value
  FROM metrics.issue_stock;
COMMENT ON VIEW metrics.issue_flow IS 'Sums and stocks of issues and clues by day, month and year.';

-- The smallest number of workdays within which half, or nine tenths, of the resolved issues were answered (nearest rank). Exact up
-- to 30; above, the last day of the bucket.
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
COMMENT ON TABLE metrics.day_bucket IS 'Charged days that a category of the metrics approvals.cases_by_charged_days and issues.by_charged_days stands for, both inclusive; no last day: any number from the first on. Loaded from the program by its migrate command.';

-- Shares are made here, from sums; none is stored.
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
           coalesce(sum(value) FILTER (WHERE metric = 107), 0)::bigint AS long_term,
           coalesce(sum(value) FILTER (WHERE metric = 108), 0)::bigint AS transferred,
           coalesce(sum(value) FILTER (WHERE metric = 109), 0)::bigint AS cancelled,
           coalesce(sum(value) FILTER (WHERE metric = 110), 0)::bigint AS dissatisfied,
           coalesce(sum(value) FILTER (WHERE metric = 111), 0)::bigint AS on_time,
           coalesce(sum(value) FILTER (WHERE metric = 112), 0)::bigint AS late,
           coalesce(sum(value) FILTER (WHERE metric = 113), 0)::bigint AS open_overdue,
           coalesce(sum(value) FILTER (WHERE metric = 114), 0)::bigint AS open,
           coalesce(sum(value) FILTER (WHERE metric = 117), 0)::bigint AS extensions,
           coalesce(sum(value) FILTER (WHERE metric = 118), 0)::bigint AS disputes,
           coalesce(sum(value) FILTER (WHERE metric = 119), 0)::bigint AS dispatched_late,
           coalesce(sum(value) FILTER (WHERE metric = 120), 0)::bigint AS raised,
           coalesce(sum(value) FILTER (WHERE metric = 121), 0)::bigint AS parts_late,
           coalesce(sum(value) FILTER (WHERE metric = 130), 0)::bigint AS slips_issued,
           coalesce(sum(value) FILTER (WHERE metric = 130 AND category = 211), 0)::bigint AS slips_issued_level_1,
           coalesce(sum(value) FILTER (WHERE metric = 130 AND category = 212), 0)::bigint AS slips_issued_level_2,
           coalesce(sum(value) FILTER (WHERE metric = 130 AND category = 213), 0)::bigint AS slips_issued_level_3,
           coalesce(sum(value) FILTER (WHERE metric = 130 AND category = 214), 0)::bigint AS slips_issued_level_4,
           coalesce(sum(value) FILTER (WHERE metric = 131), 0)::bigint AS slips_lapsed
      FROM metrics.issue_flow
     WHERE metric BETWEEN 100 AND 131 AND kind = 0
     GROUP BY scope, region, organisation, period, first_day
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
       CASE WHEN n.scope <> 'unit' THEN n.dispatched_late END AS dispatched_late,
       n.raised,
       n.parts_late,
       n.slips_issued,
       n.slips_issued_level_1,
       n.slips_issued_level_2,
       n.slips_issued_level_3,
       n.slips_issued_level_4,
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
COMMENT ON VIEW bureau.issues_by_day IS 'Enterprise issues by day, for the city, each county (municipal: enterprises of the city itself) and each unit, of days on which something happened or is open. registered to cancelled belong to the day of registration (a cohort), so resolved is never more than collected (registered less duplicates and invalid ones); the others to the day of the step; long_term, open and open_overdue are those at its end. share_resolved is resolved / collected, share_confirmed those that the enterprise confirmed / resolved; share_on_time counts the open overdue ones against it, the closed_only variant does not know them. workdays_p50 and _p90: from dispatch to answer of the resolved ones, exact up to 30 days, above the last day of a bucket. slips count in the region of the unit that has to reply, those on tasks and clues with them. A share is NULL where its denominator is 0; numbers that are of no unit are NULL there.';

CREATE VIEW bureau.issues_by_month AS
SELECT * FROM metrics.issue_report WHERE period = 'month';
ALTER VIEW bureau.issues_by_month RENAME COLUMN first_day TO month;
COMMENT ON VIEW bureau.issues_by_month IS 'Enterprise issues by month; columns as in issues_by_day.';

CREATE VIEW bureau.issues_by_year AS
SELECT * FROM metrics.issue_report WHERE period = 'year';
ALTER VIEW bureau.issues_by_year RENAME COLUMN first_day TO year;
COMMENT ON VIEW bureau.issues_by_year IS 'Enterprise issues by year; columns as in issues_by_day.';

CREATE VIEW bureau.issues_open_by_age AS
SELECT s.scope, s.region, n.name_zh AS region_name_zh, n.name_en AS region_name_en, newest.day, a.age, sum(c.value)::bigint AS open
  FROM metrics.cell c
  LEFT JOIN metrics.region r ON r.code = c.region
 CROSS JOIN (SELECT code FROM metrics.region WHERE kind = 'city') city
 CROSS JOIN metrics.issue_newest newest
 CROSS JOIN LATERAL (VALUES
        ('city', city.code),
        (CASE WHEN r.kind = 'city' THEN 'municipal' ELSE 'county' END, c.region)) s (scope, region)
 CROSS JOIN LATERAL (SELECT CASE WHEN newest.day - c.period <= 7 THEN '0-7' WHEN newest.day - c.period <= 30 THEN '8-30'
                                 WHEN newest.day - c.period <= 90 THEN '31-90' ELSE '91+' END) a (age)
  LEFT JOIN metrics.region n ON n.code = s.region
 WHERE c.metric = 116
 GROUP BY s.scope, s.region, n.name_zh, n.name_en, newest.day, a.age
HAVING sum(c.value) <> 0;
COMMENT ON VIEW bureau.issues_open_by_age IS 'Open issues by the days since their registration, as of day, the newest of the registry''s data: 0-7, 8-30, 31-90, 91+. For the city, each county, and the city itself (municipal).';

CREATE VIEW bureau.issue_stalls AS
SELECT CASE WHEN metric IN (122, 123) THEN 'item' ELSE 'task' END AS kind,
       organisation AS code,
       coalesce(sum(value) FILTER (WHERE metric IN (122, 124)), 0)::bigint AS issues,
       coalesce(sum(value) FILTER (WHERE metric IN (123, 125)), 0)::bigint AS open
  FROM metrics.cell
 WHERE metric BETWEEN 122 AND 125
 GROUP BY 1, 2
HAVING coalesce(sum(value) FILTER (WHERE metric IN (122, 124)), 0) <> 0;
COMMENT ON VIEW bureau.issue_stalls IS 'Which items of the approval catalogue and which reform tasks stall enterprises: issues that name them, and those of them that are open. code: its first 32 bytes; codes that are equal so far are one.';

CREATE VIEW bureau.contact_rules AS
SELECT CASE WHEN metric = 126 THEN 'positive' ELSE 'negative' END AS list, sum(value)::bigint AS in_force
  FROM metrics.cell
 WHERE metric IN (126, 127)
 GROUP BY metric;
COMMENT ON VIEW bureau.contact_rules IS 'Coded rules of contact between government and business in force, by list.';

CREATE VIEW bureau.contact_rules_cited AS
SELECT organisation AS rule, sum(value)::bigint AS issues
  FROM metrics.cell
 WHERE metric = 128
 GROUP BY organisation
HAVING sum(value) <> 0;
COMMENT ON VIEW bureau.contact_rules_cited IS 'Issues that cite each rule.';

-- --- The ledger -------------------------------------------------------------------------------------------------------------------

-- Tasks of the province are of the city as a whole: of no field and no unit.
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
           coalesce(sum(value) FILTER (WHERE metric = 147), 0)::bigint AS provincial_tasks,
           coalesce(sum(value) FILTER (WHERE metric = 148), 0)::bigint AS provincial_mapped,
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
     WHERE c.metric BETWEEN 140 AND 159
       AND (s.scope <> 'field' OR c.category <> 0)
       AND (s.scope <> 'unit' OR c.organisation <> '')
     GROUP BY s.scope, s.field, s.organisation, date_trunc('year', c.period::timestamp)::date
)
SELECT n.scope, k.id AS field, k.label_zh AS field_name_zh, k.label_en AS field_name_en, n.organisation, o.name AS organisation_name,
       n.year, n.tasks, n.signed_off, n.signed_off_on_time, n.cancelled, n.deferred, n.carried_over, n.key_items,
       n.provincial_tasks, n.provincial_mapped,
       n.lag_yellow, n.lag_orange, n.lag_red, n.lag_yellow + n.lag_orange + n.lag_red AS lagging,
       n.milestones, n.milestones_closed, n.indicators, n.indicators_met, n.reports, n.reopened, n.objections,
       round(n.signed_off::numeric / nullif(n.tasks, 0), 4) AS share_signed_off,
       round(n.signed_off_on_time::numeric / nullif(n.signed_off, 0), 4) AS share_on_time,
       round(n.progress_permille::numeric / (1000 * nullif(n.tasks, 0)), 4) AS progress
  FROM counted n
  JOIN metrics.category k ON k.number = n.field
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> '';
COMMENT ON VIEW metrics.ledger_report IS 'The reform ledger by year: the city, each field, each lead unit.';

CREATE VIEW bureau.ledger_by_year AS
SELECT year, tasks, signed_off, signed_off_on_time, cancelled, deferred, carried_over, key_items, lag_yellow, lag_orange, lag_red, lagging,
       milestones, milestones_closed, indicators, indicators_met, reports, reopened, objections, share_signed_off, share_on_time, progress,
       provincial_tasks, provincial_mapped
  FROM metrics.ledger_report WHERE scope = 'city';
COMMENT ON VIEW bureau.ledger_by_year IS 'The reform ledger of each year, city-wide. tasks were issued; cancelled, deferred and carried over ones are among them. progress is the mean over tasks of what their indicators have reached (0 to 1); lagging counts tasks that are behind now: yellow (a tenth behind, or no report), orange (a milestone passed), red (its last day passed). reports, reopened and objections belong to the year in which they happened, all else to the year of the task. provincial_mapped: tasks of the province that an issued task answers to. A share is NULL where its denominator is 0.';

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
       round(coalesce(sum(value) FILTER (WHERE metric = 160), 0) / 100, 2) AS baseline,
       round(coalesce(sum(value) FILTER (WHERE metric = 161), 0) / 100, 2) AS target,
       round(coalesce(sum(value) FILTER (WHERE metric = 162), 0) / 100, 2) AS measured,
       round(sum(value) FILTER (WHERE metric = 163) / 100, 2) AS total
  FROM metrics.cell c
 WHERE metric BETWEEN 160 AND 163
 GROUP BY c.period, c.organisation;
COMMENT ON VIEW bureau.ledger_indicators IS 'Indicators of the tasks of each year by their code, in units: baseline, target, measured last with evidence (the baseline before the first measurement); total of what is to be covered, NULL of other kinds. Tasks of a year with the same indicator are added up.';

-- --- River clues ------------------------------------------------------------------------------------------------------------------

CREATE VIEW bureau.clues_by_year AS
WITH counted AS (
    SELECT scope, region, kind, first_day AS year,
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
           coalesce(sum(value) FILTER (WHERE metric = 180), 0)::bigint AS receipts_late,
           coalesce(sum(value) FILTER (WHERE metric = 181), 0)::bigint AS open
      FROM metrics.issue_flow
     WHERE metric BETWEEN 170 AND 181 AND period = 'year'
     GROUP BY scope, region, kind, first_day
)
SELECT n.scope, n.region, r.name_zh AS region_name_zh, r.name_en AS region_name_en, k.id AS kind, n.year, n.found, n.transferred, n.received,
       n.filed, n.not_filed, n.suggestions, n.replied_on_time, n.replied_late, n.rectified, n.signed_off, n.receipts_late, n.open,
       round(n.filed::numeric / nullif(n.transferred, 0), 4) AS filing_rate,
       round(n.signed_off::numeric / nullif(n.found, 0), 4) AS share_signed_off
  FROM counted n
  JOIN metrics.category k ON k.number = n.kind
  LEFT JOIN metrics.region r ON r.code = n.region;
COMMENT ON VIEW bureau.clues_by_year IS 'River clues by year, for the city, each county and the city itself (municipal), of all kinds and each. found, rectified and signed_off belong to the day of finding; transferred to replied_late to the day of transfer, so filed is never more than transferred; receipts_late to its own day; open is at the end of the year, of the current one now. filing_rate is filed / transferred, share_signed_off is signed_off / found; NULL where the denominator is 0.';
