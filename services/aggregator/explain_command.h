#ifndef AGGREGATOR_EXPLAIN_COMMAND_H
#define AGGREGATOR_EXPLAIN_COMMAND_H

/*
 * `aggregator explain METRIC --period ...`: the receipt of a figure, see docs/receipts.md. argv[0] is "explain". Needs
 * no PostgreSQL and no daemon: reads a registry's log where it lies. Returns the exit code.
 */
int explain_run(int argc, char **argv);

#endif
