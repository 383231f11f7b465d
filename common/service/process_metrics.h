#ifndef SERVICE_PROCESS_METRICS_H
#define SERVICE_PROCESS_METRICS_H

#include "base/buffer.h"

/* Appends what every process can say of itself: build, descriptors, memory, CPU time. */
void process_metrics(const char *service, struct buffer *out);

#endif
