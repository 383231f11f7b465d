#include "service/service.h"
#include "visits/visits.h"

int main(int argc, char **argv) {
    return service_run(&visits_service, argc, argv);
}
