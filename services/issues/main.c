#include "issues/issues.h"

int main(int argc, char **argv) {
    return service_run(&issues_service, argc, argv);
}
