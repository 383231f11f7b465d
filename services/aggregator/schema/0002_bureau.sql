-- What the data bureau reads: nothing else is granted to it. Rows whose numbers are all 0 are left out.
CREATE SCHEMA bureau;

CREATE VIEW bureau.metric AS
SELECT id AS metric, definition_version, period, unit, label_zh, label_en, definition_zh, definition_en
  FROM metrics.metric;
COMMENT ON VIEW bureau.metric IS 'The catalogue: what each number means.';

CREATE VIEW bureau.freshness AS
SELECT name AS source, as_of, cursor
  FROM metrics.source;
COMMENT ON VIEW bureau.freshness IS 'Up to which moment, and which event number, each source is in the numbers.';

-- Visits are stored by facility and day and add up; patients are stored at every level and never do.
CREATE VIEW bureau.visits_by_day AS
WITH city AS (
    SELECT code FROM metrics.region WHERE kind = 'city'
), counted AS (
    SELECT CASE WHEN grouping(c.region) = 1 THEN (SELECT code FROM city) ELSE c.region END AS region,
           CASE WHEN grouping(c.organisation) = 1 THEN '' ELSE c.organisation END COLLATE "C" AS organisation,
           c.period AS period,
           CASE WHEN grouping(c.category) = 1 THEN 0::smallint ELSE c.category END AS category,
           sum(c.value) FILTER (WHERE c.metric = 1) AS visits,
           sum(c.value) FILTER (WHERE c.metric = 2) AS one_card_visits
      FROM metrics.cell c
     WHERE c.metric IN (1, 2)
     GROUP BY c.period, ROLLUP (c.region, c.organisation), ROLLUP (c.category)
), patients AS (
    SELECT region, organisation, period, category, value AS patients
      FROM metrics.cell
     WHERE metric = 3
)
SELECT CASE WHEN n.organisation <> '' THEN 'hospital' WHEN n.region = (SELECT code FROM city) THEN 'city' ELSE 'county'
       END AS scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.period AS day,
       k.id AS class,
       coalesce(n.visits, 0)::bigint AS visits,
       coalesce(n.one_card_visits, 0)::bigint AS one_card_visits,
       CASE WHEN k.id <> 'other' THEN coalesce(n.patients, 0) END AS patients
  FROM (counted FULL JOIN patients USING (region, organisation, period, category)) n
  JOIN metrics.category k ON k.number = n.category
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> ''
 WHERE coalesce(n.visits, 0) <> 0 OR coalesce(n.one_card_visits, 0) <> 0 OR coalesce(n.patients, 0) <> 0;
COMMENT ON VIEW bureau.visits_by_day IS 'Visits, one-card visits and distinct one-card patients by day, for the city, each county and each hospital. Patients are defined for all classes together and for inpatient, outpatient, emergency.';

-- Visits are stored by facility and day and add up; patients are stored at every level and never do.
CREATE VIEW bureau.visits_by_month AS
WITH city AS (
    SELECT code FROM metrics.region WHERE kind = 'city'
), counted AS (
    SELECT CASE WHEN grouping(c.region) = 1 THEN (SELECT code FROM city) ELSE c.region END AS region,
           CASE WHEN grouping(c.organisation) = 1 THEN '' ELSE c.organisation END COLLATE "C" AS organisation,
           date_trunc('month', c.period::timestamp)::date AS period,
           CASE WHEN grouping(c.category) = 1 THEN 0::smallint ELSE c.category END AS category,
           sum(c.value) FILTER (WHERE c.metric = 1) AS visits,
           sum(c.value) FILTER (WHERE c.metric = 2) AS one_card_visits
      FROM metrics.cell c
     WHERE c.metric IN (1, 2)
     GROUP BY date_trunc('month', c.period::timestamp)::date, ROLLUP (c.region, c.organisation), ROLLUP (c.category)
), patients AS (
    SELECT region, organisation, period, category, value AS patients
      FROM metrics.cell
     WHERE metric = 4
)
SELECT CASE WHEN n.organisation <> '' THEN 'hospital' WHEN n.region = (SELECT code FROM city) THEN 'city' ELSE 'county'
       END AS scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.period AS month,
       k.id AS class,
       coalesce(n.visits, 0)::bigint AS visits,
       coalesce(n.one_card_visits, 0)::bigint AS one_card_visits,
       CASE WHEN k.id <> 'other' THEN coalesce(n.patients, 0) END AS patients
  FROM (counted FULL JOIN patients USING (region, organisation, period, category)) n
  JOIN metrics.category k ON k.number = n.category
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> ''
 WHERE coalesce(n.visits, 0) <> 0 OR coalesce(n.one_card_visits, 0) <> 0 OR coalesce(n.patients, 0) <> 0;
COMMENT ON VIEW bureau.visits_by_month IS 'Visits, one-card visits and distinct one-card patients by month, for the city, each county and each hospital. Patients are defined for all classes together and for inpatient, outpatient, emergency.';

-- Visits are stored by facility and day and add up; patients are stored at every level and never do.
CREATE VIEW bureau.visits_by_year AS
WITH city AS (
    SELECT code FROM metrics.region WHERE kind = 'city'
), counted AS (
    SELECT CASE WHEN grouping(c.region) = 1 THEN (SELECT code FROM city) ELSE c.region END AS region,
           CASE WHEN grouping(c.organisation) = 1 THEN '' ELSE c.organisation END COLLATE "C" AS organisation,
           date_trunc('year', c.period::timestamp)::date AS period,
           CASE WHEN grouping(c.category) = 1 THEN 0::smallint ELSE c.category END AS category,
           sum(c.value) FILTER (WHERE c.metric = 1) AS visits,
           sum(c.value) FILTER (WHERE c.metric = 2) AS one_card_visits
      FROM metrics.cell c
     WHERE c.metric IN (1, 2)
     GROUP BY date_trunc('year', c.period::timestamp)::date, ROLLUP (c.region, c.organisation), ROLLUP (c.category)
), patients AS (
    SELECT region, organisation, period, category, value AS patients
      FROM metrics.cell
     WHERE metric = 5
)
SELECT CASE WHEN n.organisation <> '' THEN 'hospital' WHEN n.region = (SELECT code FROM city) THEN 'city' ELSE 'county'
       END AS scope,
       n.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       n.organisation,
       o.name AS organisation_name,
       n.period AS year,
       k.id AS class,
       coalesce(n.visits, 0)::bigint AS visits,
       coalesce(n.one_card_visits, 0)::bigint AS one_card_visits,
       CASE WHEN k.id <> 'other' THEN coalesce(n.patients, 0) END AS patients
  FROM (counted FULL JOIN patients USING (region, organisation, period, category)) n
  JOIN metrics.category k ON k.number = n.category
  LEFT JOIN metrics.region r ON r.code = n.region
  LEFT JOIN metrics.organisation o ON o.code = n.organisation AND n.organisation <> ''
 WHERE coalesce(n.visits, 0) <> 0 OR coalesce(n.one_card_visits, 0) <> 0 OR coalesce(n.patients, 0) <> 0;
COMMENT ON VIEW bureau.visits_by_year IS 'Visits, one-card visits and distinct one-card patients by year, for the city, each county and each hospital. Patients are defined for all classes together and for inpatient, outpatient, emergency.';

CREATE VIEW bureau.patients_total AS
SELECT CASE WHEN c.organisation <> '' THEN 'hospital' WHEN r.kind = 'city' THEN 'city' ELSE 'county' END AS scope,
       c.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       c.organisation,
       o.name AS organisation_name,
       k.id AS class,
       c.value AS patients
  FROM metrics.cell c
  JOIN metrics.category k ON k.number = c.category
  LEFT JOIN metrics.region r ON r.code = c.region
  LEFT JOIN metrics.organisation o ON o.code = c.organisation AND c.organisation <> ''
 WHERE c.metric = 6 AND c.value <> 0;
COMMENT ON VIEW bureau.patients_total IS 'Distinct one-card patients since records began.';
