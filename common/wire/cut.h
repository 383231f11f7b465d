#ifndef WIRE_CUT_H
#define WIRE_CUT_H

#include <zmq.h>

/* Ends the connection that a message came from; to be called right after receiving it. Does nothing when the connection
 * is gone and its descriptor belongs to something else than our listener at endpoint. */
void cut_connection(zmq_msg_t *message, const char *endpoint);

#endif
