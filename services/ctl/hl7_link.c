#include "ctl/hl7_link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "ctl/ctl.h"

#define FRAME_START 0x0b
#define FRAME_END 0x1c
#define READ_BYTES 16384
#define OUT_KEEP_BYTES ((size_t)1 << 20)

/* --- Address and certificates ---------------------------------------------------------------------------------------
 */
bool hl7_link_address_parse(const char *text, struct hl7_link_address *address) {
    bool is_bracketed = text[0] == '[';
    const char *host = text + is_bracketed;
    size_t host_size = strcspn(host, is_bracketed ? "]" : ":");
    const char *port = host + host_size;
    if (is_bracketed) {
        port += *port == ']';
    }
    if (*port != ':' || host_size == 0 || host_size >= sizeof address->host) {
        return false;
    }
    port++;
    size_t port_size = strlen(port);
    if (port_size == 0 || port_size > 5 || strspn(port, "0123456789") != port_size) {
        return false;
    }
    snprintf(address->host, sizeof address->host, "%.*s", (int)host_size, host);
    snprintf(address->port, sizeof address->port, "%s", port);
    return true;
}

static void tls_reason(char reason[256]) {
    unsigned long error = ERR_get_error();
    ERR_error_string_n(error, reason, 256);
    if (error == 0) {
        snprintf(reason, 256, "the other side ended the connection");
    }
    ERR_clear_error();
}

static enum status tls_fail(SSL_CTX *tls, const char *what, const char *path) {
    char reason[256];
    tls_reason(reason);
    ctl_error(0, "%s %s cannot be used: %s", what, path, reason);
    SSL_CTX_free(tls);
    return STATUS_CONFIG;
}

enum status hl7_link_tls(const char *ca, const char *certificate, const char *key, SSL_CTX **tls) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    CHECK(context);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_load_verify_file(context, ca) != 1) {
        return tls_fail(context, "the certificate authority", ca);
    }
    if (certificate && SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
        return tls_fail(context, "the certificate", certificate);
    }
    if (key &&
        (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1)) {
        return tls_fail(context, "the key", key);
    }
    *tls = context;
    return STATUS_OK;
}

/* --- Connecting -----------------------------------------------------------------------------------------------------
 */
static bool wait_for(int descriptor, short events, int64_t until_ms) {
    int64_t left_ms = until_ms - clock_monotonic_ms();
    struct pollfd one = {.fd = descriptor, .events = events};
    return left_ms > 0 && poll(&one, 1, (int)left_ms) == 1;
}

static int connect_before(const struct addrinfo *address, int64_t until_ms) {
    int descriptor =
        socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    int error = 0, on = 1;
    socklen_t size = sizeof error;
    if (descriptor < 0) {
        return -1;
    }
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) != 0 &&
        (errno != EINPROGRESS || !wait_for(descriptor, POLLOUT, until_ms) ||
         getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)) {
        close(descriptor);
        return -1;
    }
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return descriptor;
}

static enum status connect_to(struct hl7_link *link, const struct hl7_link_address *address, int64_t until_ms,
                              char reason[256]) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo(address->host, address->port, &hints, &found);
    if (error != 0) {
        snprintf(reason, 256, "%s", gai_strerror(error));
        return STATUS_UNAVAILABLE;
    }
    for (const struct addrinfo *at = found; at && link->descriptor < 0; at = at->ai_next) {
        link->descriptor = connect_before(at, until_ms);
    }
    freeaddrinfo(found);
    snprintf(reason, 256, "nobody answers");
    return link->descriptor >= 0 ? STATUS_OK : STATUS_UNAVAILABLE;
}

/* The certificate has to name the host, or the address, that was asked for. */
static bool expect_host(SSL *ssl, const char *host) {
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1) {
        return true;
    }
    ERR_clear_error();
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static enum status shake_hands(struct hl7_link *link, const struct hl7_link_address *address, int64_t until_ms,
                               char reason[256]) {
    link->ssl = SSL_new(address->tls);
    CHECK(link->ssl && expect_host(link->ssl, address->host) && SSL_set_fd(link->ssl, link->descriptor) == 1);
    for (;;) {
        ERR_clear_error();
        int done = SSL_connect(link->ssl);
        if (done == 1) {
            return STATUS_OK;
        }
        int error = SSL_get_error(link->ssl, done);
        bool is_read = error == SSL_ERROR_WANT_READ;
        if (!is_read && error != SSL_ERROR_WANT_WRITE) {
            tls_reason(reason);
            return STATUS_DENIED;
        }
        if (!wait_for(link->descriptor, is_read ? POLLIN : POLLOUT, until_ms)) {
            snprintf(reason, 256, "no TLS handshake in time");
            return STATUS_UNAVAILABLE;
        }
    }
}

void hl7_link_init(struct hl7_link *link) {
    *link = (struct hl7_link){.descriptor = -1};
}

enum status hl7_link_open(struct hl7_link *link, const struct hl7_link_address *address, int timeout_ms,
                          char reason[256]) {
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    enum status status = connect_to(link, address, until_ms, reason);
    if (status == STATUS_OK && address->tls) {
        status = shake_hands(link, address, until_ms, reason);
    }
    if (status != STATUS_OK) {
        hl7_link_close(link);
    }
    return status;
}

void hl7_link_close(struct hl7_link *link) {
    SSL_free(link->ssl);
    if (link->descriptor >= 0) {
        close(link->descriptor);
    }
    buffer_release(&link->out);
    buffer_release(&link->in);
    hl7_link_init(link);
}

bool hl7_link_is_open(const struct hl7_link *link) {
    return link->descriptor >= 0;
}

/* --- Sending --------------------------------------------------------------------------------------------------------
 */
void hl7_link_send(struct hl7_link *link, const void *message, size_t size) {
    static const uint8_t start = FRAME_START, end[2] = {FRAME_END, '\r'};
    buffer_append(&link->out, &start, 1);
    buffer_append(&link->out, message, size);
    buffer_append(&link->out, end, 2);
}

short hl7_link_events(const struct hl7_link *link) {
    return link->out.size > link->sent ? POLLIN | POLLOUT : POLLIN;
}

/* Bytes written; 0: not now; -1: ended. */
static ssize_t write_some(struct hl7_link *link, const uint8_t *data, size_t size) {
    if (!link->ssl) {
        ssize_t written = send(link->descriptor, data, size, MSG_NOSIGNAL);
        return written < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : written;
    }
    ERR_clear_error();
    int written = SSL_write(link->ssl, data, size > INT32_MAX ? INT32_MAX : (int)size);
    int error = written > 0 ? SSL_ERROR_NONE : SSL_get_error(link->ssl, written);
    return written > 0 ? written : error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* A certificate that the other side does not take is told after the handshake only. */
static void note_problem(struct hl7_link *link, int error) {
    if (error == SSL_ERROR_SSL) {
        char reason[256];
        tls_reason(reason);
        snprintf(link->problem, sizeof link->problem, "%.150s", reason);
    }
}

static ssize_t read_some(struct hl7_link *link, uint8_t *data, size_t size) {
    if (!link->ssl) {
        ssize_t got = recv(link->descriptor, data, size, 0);
        return got == 0 ? -1 : got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : got;
    }
    ERR_clear_error();
    int got = SSL_read(link->ssl, data, (int)size);
    int error = got > 0 ? SSL_ERROR_NONE : SSL_get_error(link->ssl, got);
    note_problem(link, error);
    return got > 0 ? got : error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static enum status send_queued(struct hl7_link *link) {
    struct buffer *out = &link->out;
    while (link->sent < out->size) {
        ssize_t written = write_some(link, out->data + link->sent, out->size - link->sent);
        if (written < 0) {
            return STATUS_UNAVAILABLE;
        }
        if (written == 0) {
            return STATUS_OK;
        }
        link->sent += (size_t)written;
    }
    link->sent = 0;
    if (out->capacity > OUT_KEEP_BYTES) {
        buffer_release(out);
    }
    buffer_clear(out);
    return STATUS_OK;
}

enum status hl7_link_pump(struct hl7_link *link) {
    enum status status = send_queued(link);
    while (link->in.size < 2 * HL7_LINK_ANSWER_BYTES_MAX) {
        ssize_t got = read_some(link, buffer_reserve(&link->in, READ_BYTES), READ_BYTES);
        if (got < 0) {
            return STATUS_UNAVAILABLE;
        }
        if (got == 0) {
            break;
        }
        link->in.size += (size_t)got;
    }
    if (link->in.size >= HL7_LINK_ANSWER_BYTES_MAX && !memchr(link->in.data, FRAME_END, link->in.size)) {
        return STATUS_MALFORMED;
    }
    return status;
}

static void drop_front(struct buffer *in, size_t size) {
    in->size -= size;
    memmove(in->data, in->data + size, in->size);
}

bool hl7_link_take(struct hl7_link *link, const uint8_t **data, size_t *size) {
    struct buffer *in = &link->in;
    if (link->taken > 0) {
        drop_front(in, link->taken);
        link->taken = 0;
    }
    const uint8_t *end = in->size > 0 ? memchr(in->data, FRAME_END, in->size) : NULL;
    if (!end) {
        return false;
    }
    size_t before = (size_t)(end - in->data);
    const uint8_t *start = memrchr(in->data, FRAME_START, before); /* what comes before it is no frame */
    *data = start ? start + 1 : in->data;
    *size = (size_t)(end - *data);
    link->taken = before + 1; /* a CR behind it is skipped as what stands between frames */
    return true;
}
