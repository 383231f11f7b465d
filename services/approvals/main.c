#include "approvals/approvals.h"
#include "service/service.h"

int main(int argc, char **argv) {
    return service_run(&approvals_service, argc, argv);
}
