#ifndef WIRE_LIMITS_H
#define WIRE_LIMITS_H

/* The bounds of the contract; proto/README.md states them for strangers. */
#define SERVER_FRAME_BYTES_MAX (1024 * 1024)       /* one Request */
#define SERVER_COMMANDS_MAX 4096                   /* commands in one Submit */
#define SERVER_COMMAND_BYTES_MAX (64 * 1024)       /* body of one command */
#define SERVER_UNPACK_BYTES_MAX (64 * 1024 * 1024) /* memory one request may grow to while it is unpacked */
/* One Reply: 4096 receipts that each carry a Problem with both its sentences are larger than their Submit. */
#define CLIENT_FRAME_BYTES_MAX (4 * 1024 * 1024)

#endif
