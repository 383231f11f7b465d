#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

#include <stdint.h>

/* Tells the service manager (systemd's protocol, $NOTIFY_SOCKET) a state: "READY=1", "STOPPING=1", "WATCHDOG=1".
 * Nothing happens when nobody listens; never waits. */
void notify_send(const char *state);

/* How often the manager wants to hear WATCHDOG=1: half of what it allows; 0: it does not. */
int64_t notify_watchdog_ms(void);

#endif
