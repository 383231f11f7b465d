-- What the aggregator writes. Keys begin with the region, so that tables can be distributed by it.
CREATE SCHEMA IF NOT EXISTS metrics;

CREATE TABLE metrics.region (
    code integer PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    kind text NOT NULL,
    parent integer REFERENCES metrics.region,
    status text NOT NULL CHECK (status IN ('current', 'retired')),
    successor integer
);
COMMENT ON TABLE metrics.region IS 'GB/T 2260 codes of the city. A retired code is kept: records made under it still name it.';

INSERT INTO metrics.region (code, name_zh, name_en, kind, parent, status, successor) VALUES
    (411000, '许昌市', 'Xuchang', 'city', NULL, 'current', NULL),
    (411002, '魏都区', 'Weidu', 'district', 411000, 'current', NULL),
    (411003, '建安区', 'Jian''an', 'district', 411000, 'current', NULL),
    (411023, '许昌县', 'Xuchang county', 'county', 411000, 'retired', 411003),
    (411024, '鄢陵县', 'Yanling', 'county', 411000, 'current', NULL),
    (411025, '襄城县', 'Xiangcheng', 'county', 411000, 'current', NULL),
    (411071, '许昌经济技术开发区', 'Economic and Technological Development Zone', 'functional zone', 411000, 'current', NULL),
    (411081, '禹州市', 'Yuzhou', 'county-level city', 411000, 'current', NULL),
    (411082, '长葛市', 'Changge', 'county-level city', 411000, 'current', NULL);

CREATE TABLE metrics.metric (
    number smallint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    definition_version integer NOT NULL,
    period text NOT NULL CHECK (period IN ('day', 'month', 'year', 'all')),
    unit text NOT NULL,
    label_zh text NOT NULL,
    label_en text NOT NULL,
    definition_zh text NOT NULL,
    definition_en text NOT NULL
);
COMMENT ON TABLE metrics.metric IS 'The catalogue, loaded from the program by its migrate command.';

CREATE TABLE metrics.category (
    number smallint PRIMARY KEY,
    id text NOT NULL UNIQUE,
    label_zh text NOT NULL,
    label_en text NOT NULL
);

CREATE TABLE metrics.organisation (
    code text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    region integer NOT NULL
);
COMMENT ON TABLE metrics.organisation IS 'As the registries last announced them.';

CREATE TABLE metrics.cell (
    region integer NOT NULL,
    metric smallint NOT NULL,
    period date NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    category smallint NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (region, metric, period, organisation, category)
) WITH (fillfactor = 70);
COMMENT ON TABLE metrics.cell IS 'Exact integers. period: first day; 1970-01-01 for all time. organisation: empty for the region as a whole.';

CREATE TABLE metrics.source (
    name text COLLATE "C" PRIMARY KEY,
    epoch bytea CHECK (octet_length(epoch) = 16),
    cursor bigint NOT NULL DEFAULT 0 CHECK (cursor >= 0),
    as_of timestamptz,
    unknown_events bigint NOT NULL DEFAULT 0,
    committed_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE metrics.source IS 'How far each feed is in the cells. Moves in the transaction that writes them.';

CREATE TABLE metrics.rebuild (
    id bytea PRIMARY KEY,
    principal text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- Moves a cursor from where the caller believes it to be, or ends the transaction: two writers can never both count.
CREATE FUNCTION metrics.source_advance(
    p_name text, p_epoch bytea, p_before bigint, p_after bigint, p_as_of_ms bigint, p_unknown bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE metrics.source
       SET cursor = p_after,
           epoch = p_epoch,
           as_of = to_timestamp(p_as_of_ms / 1000.0),
           unknown_events = unknown_events + p_unknown,
           committed_at = now()
     WHERE name = p_name AND cursor = p_before AND p_after > p_before
       AND (epoch = p_epoch OR (epoch IS NULL AND cursor = 0));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the cursor of source % is not at %', p_name, p_before USING ERRCODE = 'LC001';
    END IF;
END
$$;
