#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* A bug, not input: prints place and condition and aborts. Always on. Input from outside never reaches a CHECK. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

_Noreturn void check_failed(const char *condition, const char *file, int line);

#endif
