#include "ctl/target_status.h"

int target_status(struct client_socket *socket, const char *name, struct arena *arena, int timeout_ms,
                  const Common__V1__Status **status) {
    Common__V1__GetStatus get_status = COMMON__V1__GET_STATUS__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_GET_STATUS;
    request.get_status = &get_status;
    Common__V1__Reply *reply = NULL;
    int exit_code = target_call(socket, name, &request, arena, timeout_ms, &reply);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    if (reply->body_case != COMMON__V1__REPLY__BODY_STATUS) {
        return ctl_error(EXIT_CODE_FAILED, "%s answered something else than its status", name);
    }
    *status = reply->status;
    return EXIT_CODE_OK;
}
