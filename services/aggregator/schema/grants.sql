-- Run after every migration: what each role may do. A role that does not exist is left out; run migrate again once it does.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'liancheng_writer') THEN
        GRANT USAGE ON SCHEMA metrics TO liancheng_writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA metrics TO liancheng_writer;
        GRANT INSERT, UPDATE ON metrics.cell, metrics.organisation, metrics.source, metrics.rebuild TO liancheng_writer;
        GRANT INSERT ON metrics.publication, metrics.publication_source, metrics.publication_cell TO liancheng_writer;
        GRANT TRUNCATE ON metrics.cell, metrics.organisation TO liancheng_writer;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA metrics TO liancheng_writer;
        GRANT USAGE ON SCHEMA bureau TO liancheng_writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA bureau TO liancheng_writer;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bureau') THEN
        GRANT USAGE ON SCHEMA bureau TO bureau;
        GRANT SELECT ON ALL TABLES IN SCHEMA bureau TO bureau;
    END IF;
END
$$;
