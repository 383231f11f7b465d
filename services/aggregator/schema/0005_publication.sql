-- Publications, and the headline figures of a year. Grants come with grants.sql.
--
-- A publication is a fact of its own: which numbers were given out, when and by whom. It is made from the cells once and never
-- again: a rebuild empties the cells and leaves it as it is, and when all sources are counted again, the numbers of now must come
-- out equal to those of a publication that no later event changed. Nothing here is ever updated or deleted; what was wrong is
-- corrected by events, shows as revised, and may be published anew under a number of its own.

ALTER TABLE metrics.metric ADD COLUMN kind text NOT NULL DEFAULT 'flow' CHECK (kind IN ('flow', 'stock', 'distinct'));
ALTER TABLE metrics.metric ALTER COLUMN kind DROP DEFAULT; -- the program says it of each
COMMENT ON COLUMN metrics.metric.kind IS 'How the cells become the number of a longer period. flow: the sum of the cells within it; stock: the sum of all cells up to its last day; distinct: the one cell of exactly that period.';

CREATE OR REPLACE VIEW bureau.metric AS
SELECT id AS metric, definition_version, period, unit, label_zh, label_en, definition_zh, definition_en, kind
  FROM metrics.metric;

CREATE TABLE metrics.publication (
    number bigint PRIMARY KEY CHECK (number > 0),
    period text NOT NULL CHECK (period IN ('day', 'month', 'year')),
    first_day date NOT NULL,
    last_day date NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    principal text NOT NULL,
    command bytea NOT NULL UNIQUE CHECK (octet_length(command) = 16),
    note text NOT NULL CHECK (octet_length(note) <= 200)
);
CREATE INDEX publication_of_period ON metrics.publication (period, first_day, number);
COMMENT ON TABLE metrics.publication IS 'Periods that were published, numbered from 1 without a gap. A rebuild does not touch them.';

CREATE TABLE metrics.publication_source (
    number bigint NOT NULL REFERENCES metrics.publication,
    source text COLLATE "C" NOT NULL,
    epoch bytea,
    cursor bigint NOT NULL,
    PRIMARY KEY (number, source)
);
COMMENT ON TABLE metrics.publication_source IS 'Up to which event of each source a publication counts.';

-- Without a reference to metrics.publication, which metrics.publish writes in the same transaction: a check for each of some hundred
-- thousand cells would hold up the counting.
CREATE TABLE metrics.publication_cell (
    number bigint NOT NULL,
    region integer NOT NULL,
    metric smallint NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    category smallint NOT NULL,
    value bigint NOT NULL CHECK (value <> 0),
    PRIMARY KEY (number, region, metric, organisation, category)
);
COMMENT ON TABLE metrics.publication_cell IS 'The numbers of the period as they were known then, by the kind of their metric; what is not here was 0.';

CREATE FUNCTION metrics.period_last_day(p_period text, p_first_day date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
SELECT (p_first_day + ('1 ' || p_period)::interval)::date - 1
$$;

-- The one formula of what a period's numbers are: publications are made with it and compared with it. Whoever reads the views of the
-- bureau may not read the cells, so it reads them as its owner. The regions that there are are found by the key of the cells, and
-- each region and metric then by its days: a day costs as little among many years as among few.
CREATE FUNCTION metrics.period_cells(p_period text, p_first_day date)
RETURNS TABLE (region integer, metric smallint, organisation text, category smallint, value bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' SET jit = off AS $$
WITH RECURSIVE regions (code) AS (
    SELECT min(c.region) FROM metrics.cell c
     UNION ALL
    SELECT (SELECT min(c.region) FROM metrics.cell c WHERE c.region > r.code) FROM regions r WHERE r.code IS NOT NULL
), wanted AS (
    SELECT m.number,
           CASE WHEN m.kind = 'stock' THEN '-infinity' ELSE p_first_day END AS first_day,
           CASE WHEN m.kind = 'distinct' THEN p_first_day ELSE metrics.period_last_day(p_period, p_first_day) END AS last_day
      FROM metrics.metric m
     WHERE CASE WHEN m.kind = 'distinct' THEN m.period = p_period
                ELSE array_position(ARRAY['day', 'month', 'year'], m.period)
                     <= array_position(ARRAY['day', 'month', 'year'], p_period) END
)
SELECT r.code, w.number, n.organisation, n.category, n.value
  FROM regions r
 CROSS JOIN wanted w
 CROSS JOIN LATERAL (
        SELECT c.organisation, c.category, sum(c.value)::bigint AS value
          FROM metrics.cell c
         WHERE c.region = r.code AND c.metric = w.number AND c.period BETWEEN w.first_day AND w.last_day
         GROUP BY c.organisation, c.category
        HAVING sum(c.value) <> 0) n
$$;
COMMENT ON FUNCTION metrics.period_cells IS 'The numbers of a day, month or year as they are now, zeros left out. A stock is that of the last day, with the changes known to come by then.';

-- Gives a period a number, or says which one this command gave it before. Run by the one aggregator that works, between its commits:
-- cursors and cells are of the same moment.
CREATE FUNCTION metrics.publish(p_command bytea, p_principal text, p_period text, p_first_day date, p_note text)
RETURNS TABLE (number bigint, was_there boolean) LANGUAGE plpgsql AS $$
DECLARE
    given bigint;
BEGIN
    SELECT p.number INTO given FROM metrics.publication p WHERE p.command = p_command;
    IF FOUND THEN
        RETURN QUERY SELECT given, true;
        RETURN;
    END IF;
    SELECT coalesce(max(p.number), 0) + 1 INTO given FROM metrics.publication p;
    INSERT INTO metrics.publication (number, period, first_day, last_day, principal, command, note)
    VALUES (given, p_period, p_first_day, metrics.period_last_day(p_period, p_first_day), p_principal, p_command, p_note);
    INSERT INTO metrics.publication_source (number, source, epoch, cursor)
    SELECT given, s.name, s.epoch, s.cursor FROM metrics.source s;
    INSERT INTO metrics.publication_cell (number, region, metric, organisation, category, value)
    SELECT given, c.region, c.metric, c.organisation, c.category, c.value FROM metrics.period_cells(p_period, p_first_day) c;
    RETURN QUERY SELECT given, false;
END
$$;

CREATE VIEW metrics.publication_now AS
SELECT p.number, d.region, d.metric, d.organisation, d.category, d.value, d.value_now
  FROM metrics.publication p
 CROSS JOIN LATERAL (
        SELECT region, metric, organisation, category, coalesce(f.value, 0) AS value, coalesce(n.value, 0) AS value_now
          FROM (SELECT c.region, c.metric, c.organisation, c.category, c.value
                  FROM metrics.publication_cell c
                 WHERE c.number = p.number) f
          FULL JOIN metrics.period_cells(p.period, p.first_day) n USING (region, metric, organisation, category)) d;
COMMENT ON VIEW metrics.publication_now IS 'Each number of each publication, as published and as it is now. Ask for one publication: each is compared by itself.';

CREATE VIEW metrics.publication_state AS
SELECT p.number,
       d.values_revised,
       CASE WHEN EXISTS (SELECT
                           FROM metrics.publication_source s
                           JOIN metrics.source n ON n.name = s.source
                          WHERE s.number = p.number
                            AND n.cursor < s.cursor
                            AND (n.epoch IS NULL OR n.epoch = s.epoch)) THEN 'recounting'
            WHEN (p.published_at AT TIME ZONE 'Asia/Shanghai')::date <= p.last_day THEN 'provisional'
            WHEN d.values_revised = 0 THEN 'final'
            ELSE 'revised'
       END AS status
  FROM metrics.publication p
 CROSS JOIN LATERAL (
        SELECT count(*) AS values_revised FROM metrics.publication_now v WHERE v.number = p.number AND v.value <> v.value_now) d;
COMMENT ON VIEW metrics.publication_state IS 'provisional: published while its period ran; final: equal to the numbers of now; revised: a later event changed one; recounting: after a rebuild the sources are not yet counted again up to where they were.';

CREATE VIEW bureau.publication AS
SELECT p.number, p.period, p.first_day, p.last_day, p.published_at, p.note, s.status, s.values_revised,
       NOT EXISTS (SELECT FROM metrics.publication o
                    WHERE o.period = p.period AND o.first_day = p.first_day AND o.number > p.number) AS is_newest
  FROM metrics.publication p
  JOIN metrics.publication_state s USING (number);
COMMENT ON VIEW bureau.publication IS 'What was published. status: provisional (published while its period ran), final (equal to the numbers of now), revised (a later event changed some: values_revised of them, see publication_value), recounting (after a rebuild, until the sources are counted again up to where they were). is_newest: the last one of its period.';

CREATE VIEW bureau.publication_source AS
SELECT number, source, encode(epoch, 'hex')::uuid AS epoch, cursor
  FROM metrics.publication_source;
COMMENT ON VIEW bureau.publication_source IS 'The highest event number of each source that is in a publication; epoch: of the store that numbered them.';

CREATE VIEW bureau.publication_value AS
SELECT v.number,
       m.id AS metric,
       m.label_zh,
       m.label_en,
       m.unit,
       v.region,
       r.name_zh AS region_name_zh,
       r.name_en AS region_name_en,
       v.organisation,
       o.name AS organisation_name,
       k.id AS category,
       v.value,
       v.value_now,
       v.value_now - v.value AS difference,
       v.value_now <> v.value AS revised
  FROM metrics.publication_now v
  JOIN metrics.metric m ON m.number = v.metric
  LEFT JOIN metrics.category k ON k.number = v.category
  LEFT JOIN metrics.region r ON r.code = v.region
  LEFT JOIN metrics.organisation o ON o.code = v.organisation AND v.organisation <> '';
COMMENT ON VIEW bureau.publication_value IS 'Each number of a publication: value as published, value_now as it is now, and whether a later event revised it. Ask for one publication (WHERE number = ...). organisation: a hospital, agency or unit, or for some metrics what the number is about; empty: the region as a whole.';

CREATE VIEW bureau.period_status AS
WITH periods AS (
    SELECT 'day' AS period, c.period AS first_day
      FROM metrics.cell c JOIN metrics.metric m ON m.number = c.metric
     WHERE m.period = 'day'
     UNION
    SELECT u.period, date_trunc(u.period, c.period::timestamp)::date
      FROM (SELECT DISTINCT m.period AS own, c.period
              FROM metrics.cell c JOIN metrics.metric m ON m.number = c.metric
             WHERE m.period <> 'all') c
     CROSS JOIN (VALUES ('month'), ('year')) u (period)
     WHERE u.period = 'year' OR c.own <> 'year'
     UNION
    SELECT period, first_day FROM metrics.publication
)
SELECT p.period,
       p.first_day,
       metrics.period_last_day(p.period, p.first_day) AS last_day,
       CASE WHEN metrics.period_last_day(p.period, p.first_day) >= t.today THEN 'provisional'
            ELSE coalesce(s.status, 'provisional') END AS status,
       n.number AS publication
  FROM periods p
 CROSS JOIN (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS today) t
  LEFT JOIN LATERAL (
        SELECT max(o.number) AS number FROM metrics.publication o
         WHERE o.period = p.period AND o.first_day = p.first_day) n ON true
  LEFT JOIN LATERAL (SELECT x.status FROM metrics.publication_state x WHERE x.number = n.number) s ON true
 WHERE p.first_day <= t.today;
COMMENT ON VIEW bureau.period_status IS 'Each day, month and year that has numbers: provisional (it runs, or was not published after its end), final (as last published) or revised (published, and a later event changed it); publication: the last one of the period, NULL: none.';

-- --- The headline figures ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION metrics.percent_text(p_numerator bigint, p_denominator bigint, p_decimals integer) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN p_numerator = p_denominator THEN '100'
            -- All is said of all alone: 99.96 does not become 100.
            WHEN p_numerator < p_denominator AND n.rounded >= 100 THEN trunc(n.percent, greatest(p_decimals, 1))::text
            ELSE trunc(n.rounded, p_decimals)::text
       END || '%'
  FROM (SELECT percent, floor(percent * 10::numeric ^ p_decimals + 0.5) / 10::numeric ^ p_decimals AS rounded
          FROM (SELECT 100::numeric * p_numerator / p_denominator AS percent WHERE p_denominator <> 0) p) n
$$;
COMMENT ON FUNCTION metrics.percent_text IS 'A ratio as it is printed: percent, half up, with so many decimals. 100% is printed only where numerator and denominator are equal. NULL where the denominator is 0.';

-- A line is a numerator, maybe a denominator, and how it is printed; both are sums of terms: factor times the cells of a metric, of
-- one category or subject alone where it is named, within the year or (up_to_end) from the beginning to the year's end.
CREATE VIEW bureau.headline AS
WITH line (id, form, decimals, metric) AS (VALUES
    ('approvals.items_before', 'count', 0, 40),
    ('approvals.items_after', 'count', 0, 40),
    ('approvals.rounds', 'count', 0, 60),
    ('approvals.at_most_once_items', 'count', 0, 22),
    ('approvals.no_meeting_items', 'count', 0, 21),
    ('approvals.at_most_once_city_ratio', 'percent', 0, 42),
    ('approvals.limit_compression', 'percent', 0, 50),
    ('approvals.online_depth_ratio', 'percent', 0, 47),
    ('approvals.app_items', 'count', 0, 28),
    ('approvals.company_opening', 'all_under_two_hours', 0, 91),
    ('issues.enterprise_collected', 'count', 0, 100),
    ('issues.enterprise_resolved', 'count', 0, 103),
    ('issues.enterprise_resolve_rate', 'percent', 1, 103),
    ('issues.contact_rules_positive', 'count', 0, 126),
    ('issues.contact_rules_negative', 'count', 0, 127),
    ('ledger.tasks', 'count', 0, 140),
    ('ledger.fields', 'count', 0, 140),
    ('ledger.provincial_tasks_mapped', 'count_of_known', 0, 148),
    ('ledger.key_items', 'count', 0, 146),
    ('ledger.documents', 'hundredths', 0, 162),
    ('ledger.state_companies', 'hundredths', 0, 162),
    ('ledger.staff', 'hundredths', 0, 162),
    ('ledger.schools', 'hundredths_of_known', 0, 162),
    ('ledger.new_schools', 'hundredths', 0, 162),
    ('ledger.new_kindergartens', 'hundredths', 0, 162),
    ('ledger.oversize_classes', 'hundredths', 0, 162),
    ('ledger.elder_centres', 'hundredths', 0, 162),
    ('ledger.day_care_centres', 'hundredths', 0, 162),
    ('ledger.rural_homes', 'hundredths', 0, 162),
    ('issues.river_clues', 'count', 0, 171),
    ('issues.river_filed', 'count', 0, 173),
    ('visits.patients', 'count', 0, 5),
    ('visits.rescue_urban', 'percent', 0, 9),
    ('visits.rescue_city', 'percent', 0, 10)
), term (id, part, factor, metric, category, subject, up_to_end) AS (VALUES
    ('approvals.items_after', 'num', 1, 40, 31, NULL, true),
    ('approvals.rounds', 'num', 1, 60, NULL, NULL, true),
    ('approvals.at_most_once_items', 'num', 1, 22, NULL, NULL, true),
    ('approvals.no_meeting_items', 'num', 1, 21, NULL, NULL, true),
    ('approvals.at_most_once_city_ratio', 'num', 1, 41, NULL, NULL, true),
    ('approvals.at_most_once_city_ratio', 'num', 1, 42, NULL, NULL, true),
    ('approvals.at_most_once_city_ratio', 'den', 1, 40, NULL, NULL, true),
    ('approvals.limit_compression', 'num', 1, 51, 31, NULL, true),
    ('approvals.limit_compression', 'num', -1, 50, 31, NULL, true),
    ('approvals.limit_compression', 'den', 1, 51, 31, NULL, true),
    ('approvals.online_depth_ratio', 'num', 1, 47, NULL, NULL, true),
    ('approvals.online_depth_ratio', 'den', 1, 46, NULL, NULL, true),
    ('approvals.app_items', 'num', 1, 28, NULL, NULL, true),
    ('approvals.company_opening', 'num', 1, 91, NULL, 'market', false),
    ('approvals.company_opening', 'den', 1, 90, NULL, 'market', false),
    ('issues.enterprise_collected', 'num', 1, 100, NULL, NULL, false),
    ('issues.enterprise_collected', 'num', -1, 101, NULL, NULL, false),
    ('issues.enterprise_collected', 'num', -1, 102, NULL, NULL, false),
    ('issues.enterprise_resolved', 'num', 1, 103, NULL, NULL, false),
    ('issues.enterprise_resolve_rate', 'num', 1, 103, NULL, NULL, false),
    ('issues.enterprise_resolve_rate', 'den', 1, 100, NULL, NULL, false),
    ('issues.enterprise_resolve_rate', 'den', -1, 101, NULL, NULL, false),
    ('issues.enterprise_resolve_rate', 'den', -1, 102, NULL, NULL, false),
    ('issues.contact_rules_positive', 'num', 1, 126, NULL, NULL, true),
    ('issues.contact_rules_negative', 'num', 1, 127, NULL, NULL, true),
    ('ledger.tasks', 'num', 1, 140, NULL, NULL, false),
    ('ledger.provincial_tasks_mapped', 'num', 1, 148, NULL, NULL, false),
    ('ledger.provincial_tasks_mapped', 'den', 1, 147, NULL, NULL, false),
    ('ledger.key_items', 'num', 1, 146, NULL, NULL, false),
    ('ledger.documents', 'num', 1, 162, NULL, 'documents', false),
    ('ledger.state_companies', 'num', 1, 162, NULL, 'state_companies', false),
    ('ledger.staff', 'num', 1, 162, NULL, 'staff', false),
    ('ledger.schools', 'num', 1, 162, NULL, 'schools', false),
    ('ledger.schools', 'den', 1, 163, NULL, 'schools', false),
    ('ledger.new_schools', 'num', 1, 162, NULL, 'new_schools', false),
    ('ledger.new_kindergartens', 'num', 1, 162, NULL, 'new_kindergartens', false),
    ('ledger.oversize_classes', 'num', 1, 162, NULL, 'oversize_classes', false),
    ('ledger.elder_centres', 'num', 1, 162, NULL, 'elder_centres', false),
    ('ledger.day_care_centres', 'num', 1, 162, NULL, 'day_care_centres', false),
    ('ledger.rural_homes', 'num', 1, 162, NULL, 'rural_homes', false),
    ('issues.river_clues', 'num', 1, 171, NULL, NULL, false),
    ('issues.river_filed', 'num', 1, 173, NULL, NULL, false),
    ('visits.patients', 'num', 1, 5, 0, NULL, false),
    ('visits.rescue_urban', 'num', 1, 9, NULL, NULL, false),
    ('visits.rescue_urban', 'den', 1, 8, NULL, NULL, false),
    ('visits.rescue_city', 'num', 1, 10, NULL, NULL, false),
    ('visits.rescue_city', 'den', 1, 7, NULL, NULL, false)
), today AS (
    SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day
), total AS MATERIALIZED ( -- of the whole city: metrics that add up are there for each region, persons for the city itself
    SELECT date_trunc('year', c.period::timestamp)::date AS year, c.metric, c.category,
           CASE WHEN c.metric IN (162, 163) THEN c.organisation
                WHEN c.metric IN (90, 91) AND c.organisation LIKE '%-market' THEN 'market' END AS subject,
           sum(c.value) AS value
      FROM metrics.cell c
     CROSS JOIN (SELECT code FROM metrics.region WHERE kind = 'city') city
     CROSS JOIN today t
     WHERE c.metric IN (SELECT metric FROM term)
       AND c.period <= t.day
       AND (c.metric <> 5 OR (c.region = city.code AND c.organisation = ''))
     GROUP BY 1, 2, 3, 4
), year AS (
    SELECT DISTINCT year AS first_day, (year + interval '1 year')::date - 1 AS last_day FROM total
), first_round AS (
    SELECT min(period) AS day
      FROM (SELECT period FROM metrics.cell WHERE metric = 60 GROUP BY period HAVING sum(value) <> 0) d
     CROSS JOIN today t
     WHERE period <= t.day
), part AS (
    SELECT y.first_day AS year, e.id, e.part, sum(e.factor * t.value) AS value
      FROM year y
     CROSS JOIN term e
      JOIN total t ON t.metric = e.metric
                  AND (t.year = y.first_day OR (e.up_to_end AND t.year < y.first_day))
                  AND (e.category IS NULL OR t.category = e.category)
                  AND (e.subject IS NULL OR t.subject = e.subject)
     GROUP BY y.first_day, e.id, e.part
     UNION ALL -- what was in force before the first round began
    SELECT y.first_day, 'approvals.items_before', 'num', sum(c.value)
      FROM year y
      JOIN first_round f ON f.day <= y.last_day
      JOIN metrics.cell c ON c.metric = 40 AND c.category = 31 AND c.period < f.day
     GROUP BY y.first_day
     UNION ALL -- fields that have a task
    SELECT t.year, 'ledger.fields', 'num', count(*)
      FROM (SELECT year, category FROM total WHERE metric = 140 AND category BETWEEN 231 AND 236 AND value > 0) t
     GROUP BY t.year
), figure AS (
    SELECT y.first_day AS year, l.id, l.form, l.decimals, l.metric,
           (CASE WHEN l.form LIKE 'hundredths%' THEN round(n.value / 100) ELSE n.value END)::bigint AS num,
           (CASE WHEN l.form LIKE 'hundredths%' THEN round(d.value / 100) ELSE d.value END)::bigint AS den,
           CASE WHEN l.form LIKE 'hundredths%' THEN trim_scale(n.value / 100)::text ELSE n.value::text END AS value_text
      FROM year y
     CROSS JOIN line l
      LEFT JOIN part n ON n.year = y.first_day AND n.id = l.id AND n.part = 'num'
      LEFT JOIN part d ON d.year = y.first_day AND d.id = l.id AND d.part = 'den'
)
SELECT f.year, f.id,
       CASE WHEN f.form IN ('percent', 'all_under_two_hours') AND f.den IS NOT NULL THEN coalesce(f.num, 0) ELSE f.num END AS numerator,
       f.den AS denominator,
       m.id AS metric,
       m.definition_version,
       CASE f.form
            WHEN 'count' THEN f.value_text
            WHEN 'hundredths' THEN f.value_text
            WHEN 'count_of_known' THEN CASE WHEN f.den <> 0 THEN f.value_text END
            WHEN 'hundredths_of_known' THEN CASE WHEN f.den <> 0 THEN f.value_text END
            WHEN 'percent' THEN metrics.percent_text(coalesce(f.num, 0), f.den, f.decimals)
            WHEN 'all_under_two_hours' THEN CASE WHEN f.num = f.den AND f.den <> 0 THEN '<2h' WHEN f.den <> 0 THEN '>=2h' END
       END AS computed
  FROM figure f
  LEFT JOIN metrics.metric m ON m.number = f.metric;
COMMENT ON VIEW bureau.headline IS 'The lines of the annual report, for every year that has data, city-wide. computed: the figure as it is printed (percent half up; 100% only of all); NULL where there is no data or the denominator is 0. metric, definition_version: what the numerator counts. Stocks are those of the end of the year, or of today while it runs.';
