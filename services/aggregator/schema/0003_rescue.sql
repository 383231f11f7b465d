-- The rescue circle: how long patients were on their way to a hospital able to treat. Grants come with grants.sql.

-- Arrivals are stored by facility and day and add up. Shares are made here, from sums; none is stored.
CREATE VIEW bureau.rescue_by_day AS
WITH city AS (
    SELECT code FROM metrics.region WHERE kind = 'city'
), counted AS (
    SELECT CASE WHEN grouping(c.region) = 1 THEN (SELECT code FROM city) ELSE c.region END AS region,
           CASE WHEN grouping(c.organisation) = 1 THEN '' ELSE c.organisation END COLLATE "C" AS organisation,
           c.period AS period,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 7), 0)::bigint AS arrivals,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 8), 0)::bigint AS arrivals_urban,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 9), 0)::bigint AS within_30_minutes,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 10), 0)::bigint AS within_120_minutes
      FROM metrics.cell c
     WHERE c.metric IN (7, 8, 9, 10)
     GROUP BY c.period, ROLLUP (c.region, c.organisation)
)
SELECT CASE WHEN n.organisation <> '' THEN 'hospital' WHEN n.region = (SELECT code FROM city) THEN 'city' ELSE 'county'
       END AS scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.period AS day,
       n.arrivals,
       n.arrivals_urban,
       n.within_30_minutes,
       n.within_120_minutes,
       round(n.within_30_minutes::numeric / nullif(n.arrivals_urban, 0), 4) AS share_within_30_minutes,
       round(n.within_120_minutes::numeric / nullif(n.arrivals, 0), 4) AS share_within_120_minutes
  FROM counted n
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> ''
 WHERE n.arrivals <> 0 OR n.arrivals_urban <> 0 OR n.within_30_minutes <> 0 OR n.within_120_minutes <> 0;
COMMENT ON VIEW bureau.rescue_by_day IS 'The rescue circle by day, for the city, each county and each hospital: emergency visits with known times, those within 30 minutes of the urban ones, those within 120 minutes of all. A share is NULL where nobody arrived.';

-- Arrivals are stored by facility and day and add up. Shares are made here, from sums; none is stored.
CREATE VIEW bureau.rescue_by_month AS
WITH city AS (
    SELECT code FROM metrics.region WHERE kind = 'city'
), counted AS (
    SELECT CASE WHEN grouping(c.region) = 1 THEN (SELECT code FROM city) ELSE c.region END AS region,
           CASE WHEN grouping(c.organisation) = 1 THEN '' ELSE c.organisation END COLLATE "C" AS organisation,
           date_trunc('month', c.period::timestamp)::date AS period,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 7), 0)::bigint AS arrivals,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 8), 0)::bigint AS arrivals_urban,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 9), 0)::bigint AS within_30_minutes,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 10), 0)::bigint AS within_120_minutes
      FROM metrics.cell c
     WHERE c.metric IN (7, 8, 9, 10)
     GROUP BY date_trunc('month', c.period::timestamp)::date, ROLLUP (c.region, c.organisation)
)
SELECT CASE WHEN n.organisation <> '' THEN 'hospital' WHEN n.region = (SELECT code FROM city) THEN 'city' ELSE 'county'
       END AS scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.period AS month,
       n.arrivals,
       n.arrivals_urban,
       n.within_30_minutes,
       n.within_120_minutes,
       round(n.within_30_minutes::numeric / nullif(n.arrivals_urban, 0), 4) AS share_within_30_minutes,
       round(n.within_120_minutes::numeric / nullif(n.arrivals, 0), 4) AS share_within_120_minutes
  FROM counted n
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> ''
 WHERE n.arrivals <> 0 OR n.arrivals_urban <> 0 OR n.within_30_minutes <> 0 OR n.within_120_minutes <> 0;
COMMENT ON VIEW bureau.rescue_by_month IS 'The rescue circle by month, for the city, each county and each hospital: emergency visits with known times, those within 30 minutes of the urban ones, those within 120 minutes of all. A share is NULL where nobody arrived.';

-- Arrivals are stored by facility and day and add up. Shares are made here, from sums; none is stored.
CREATE VIEW bureau.rescue_by_year AS
WITH city AS (
    SELECT code FROM metrics.region WHERE kind = 'city'
), counted AS (
    SELECT CASE WHEN grouping(c.region) = 1 THEN (SELECT code FROM city) ELSE c.region END AS region,
           CASE WHEN grouping(c.organisation) = 1 THEN '' ELSE c.organisation END COLLATE "C" AS organisation,
           date_trunc('year', c.period::timestamp)::date AS period,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 7), 0)::bigint AS arrivals,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 8), 0)::bigint AS arrivals_urban,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 9), 0)::bigint AS within_30_minutes,
           coalesce(sum(c.value) FILTER (WHERE c.metric = 10), 0)::bigint AS within_120_minutes
      FROM metrics.cell c
     WHERE c.metric IN (7, 8, 9, 10)
     GROUP BY date_trunc('year', c.period::timestamp)::date, ROLLUP (c.region, c.organisation)
)
SELECT CASE WHEN n.organisation <> '' THEN 'hospital' WHEN n.region = (SELECT code FROM city) THEN 'city' ELSE 'county'
       END AS scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.period AS year,
       n.arrivals,
       n.arrivals_urban,
       n.within_30_minutes,
       n.within_120_minutes,
       round(n.within_30_minutes::numeric / nullif(n.arrivals_urban, 0), 4) AS share_within_30_minutes,
       round(n.within_120_minutes::numeric / nullif(n.arrivals, 0), 4) AS share_within_120_minutes
  FROM counted n
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> ''
 WHERE n.arrivals <> 0 OR n.arrivals_urban <> 0 OR n.within_30_minutes <> 0 OR n.within_120_minutes <> 0;
COMMENT ON VIEW bureau.rescue_by_year IS 'The rescue circle by year, for the city, each county and each hospital: emergency visits with known times, those within 30 minutes of the urban ones, those within 120 minutes of all. A share is NULL where nobody arrived.';
