#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/run_beside.h"

/* Reports read PostgreSQL, which the aggregator's program alone does: it runs in place of this one. */

struct report {
    const char *conninfo; /* NULL: as the aggregator's file says */
    const char *config;   /* NULL: aggregator.conf beside ctl.conf */
};

static int run(struct ctl *ctl, struct run_beside *beside, const struct report *report) {
    char config[CTL_PATH_BYTES];
    bool needs_config = report->conninfo == NULL || report->config != NULL;
    if (report->conninfo != NULL && !run_beside_option(beside, "report-conninfo", report->conninfo)) {
        return EXIT_CODE_USAGE;
    }
    if (needs_config && (!run_beside_aggregator_file(ctl, report->config, config) || !run_beside_config(beside, config))) {
        return EXIT_CODE_CONFIG;
    }
    if (ctl->json) {
        run_beside_add(beside, "--report-json");
    }
    return run_beside_exec(beside, ctl);
}

static const char about_database[] =
    "Reads the bureau's views: --postgres, else /report/conninfo or /postgres/conninfo of the aggregator's file.\n";

static int report_annual(struct ctl *ctl, int argc, char **argv) {
    struct report report = {NULL, NULL};
    const char *printed = NULL;
    int64_t year = 0;
    char year_text[8], text[640];
    const struct ctl_option options[] = {
        {"year", CTL_INTEGER, &year, "YEAR", "the year", 1970, 9999},
        {"printed", CTL_TEXT, &printed, "FILE", "the figures as printed (annual_report_YEAR.tsv of the program's data)", 0, 0},
        {"postgres", CTL_TEXT, &report.conninfo, "CONNINFO", "connection string of the database", 0, 0},
        {"aggregator", CTL_TEXT, &report.config, "FILE", "the aggregator's file (aggregator.conf beside ctl.conf)", 0, 0},
        {.name = NULL},
    };
    snprintf(text, sizeof text,
             "Every line of the annual report: as printed, as computed from the events, with numerator, denominator and\n"
             "definition version. Exit code 1 when any line differs. Where no figures of the year were printed, the computed\n"
             "ones are shown alone.\n%s",
             about_database);
    const struct ctl_usage usage = {"report annual --year YEAR [OPTIONS]", text, 0, 0};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (year == 0) {
        return ctl_error(EXIT_CODE_USAGE, "--year is needed");
    }
    snprintf(year_text, sizeof year_text, "%" PRId64, year);
    struct run_beside beside = {.count = 0};
    run_beside_add(&beside, "aggregator");
    run_beside_add(&beside, "report");
    run_beside_add(&beside, "annual");
    run_beside_add(&beside, year_text);
    if (printed != NULL) {
        run_beside_add(&beside, printed);
    }
    return run(ctl, &beside, &report);
}

static int report_changes(struct ctl *ctl, int argc, char **argv) {
    struct report report = {NULL, NULL};
    int64_t since = 0;
    char number[24], text[640];
    const struct ctl_option options[] = {
        {"since", CTL_INTEGER, &since, "NUMBER", "the publication", 1, INT64_MAX},
        {"postgres", CTL_TEXT, &report.conninfo, "CONNINFO", "connection string of the database", 0, 0},
        {"aggregator", CTL_TEXT, &report.config, "FILE", "the aggregator's file (aggregator.conf beside ctl.conf)", 0, 0},
        {.name = NULL},
    };
    snprintf(text, sizeof text,
             "The numbers of a publication that are others now, and the events after it that changed each: source, number,\n"
             "time, type and by how much. They are read in the logs that the aggregator's file names\n"
             "(/sources/*/log).\n%s",
             about_database);
    const struct ctl_usage usage = {"report changes --since NUMBER [OPTIONS]", text, 0, 0};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    if (since == 0) {
        return ctl_error(EXIT_CODE_USAGE, "--since is needed");
    }
    snprintf(number, sizeof number, "%" PRId64, since);
    struct run_beside beside = {.count = 0};
    run_beside_add(&beside, "aggregator");
    run_beside_add(&beside, "report");
    run_beside_add(&beside, "changes");
    run_beside_add(&beside, number);
    return run(ctl, &beside, &report);
}

int command_report(struct ctl *ctl, int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(struct ctl *ctl, int argc, char **argv);
    } reports[] = {{"annual", report_annual}, {"changes", report_changes}};
    for (size_t i = 0; argc > 1 && i < sizeof reports / sizeof *reports; i++) {
        if (strcmp(argv[1], reports[i].name) == 0) {
            return reports[i].run(ctl, argc - 1, argv + 1);
        }
    }
    const struct ctl_usage usage = {
        "report annual|changes [OPTIONS]",
        "annual --year YEAR: the lines of the annual report, printed and computed.\n"
        "changes --since NUMBER: what is another number now than in a publication, and the events that changed it.\n"
        "`report annual --help` and `report changes --help` tell more.\n",
        0, 0};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, NULL, &argc, argv, &exit_code)) {
        return exit_code;
    }
    return ctl_error(EXIT_CODE_USAGE, "which report: annual or changes?");
}
