#include "aggregator/aggregator.h"

int main(int argc, char **argv) {
    return aggregator_run(argc, argv);
}
