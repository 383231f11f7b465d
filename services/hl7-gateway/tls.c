#include "hl7-gateway/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define NAME_BYTES 128
#define CHAIN_DEPTH_MAX 4

struct tls_context {
    SSL_CTX *ssl;
};

struct tls_session {
    SSL *ssl;
    char common_name[NAME_BYTES];
};

/* --- Contexts -------------------------------------------------------------------------------------------------------
 */

static enum status explain(char problem[256], const char *what, const char *path) {
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(problem, 256, "%s %s: %s", what, path, reason == NULL ? "cannot be read" : reason);
    ERR_clear_error();
    return STATUS_CONFIG;
}

static void set_options(SSL_CTX *ssl) {
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ssl, 0);
    SSL_CTX_set_mode(ssl,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

static enum status load(SSL_CTX *ssl, const char *certificate, const char *key, const char *client_ca,
                        char problem[256]) {
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1) {
        return explain(problem, "certificate", certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ssl) != 1) {
        return explain(problem, "key", key);
    }
    if (client_ca[0] == '\0') {
        return STATUS_OK;
    }
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);
    if (names == NULL || SSL_CTX_load_verify_locations(ssl, client_ca, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return explain(problem, "client CA", client_ca);
    }
    SSL_CTX_set_client_CA_list(ssl, names);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(ssl, CHAIN_DEPTH_MAX);
    return STATUS_OK;
}

enum status tls_context_new(const char *certificate, const char *key, const char *client_ca,
                            struct tls_context **context, char problem[256]) {
    struct tls_context *made = calloc(1, sizeof *made);
    *context = NULL;
    if (made != NULL) {
        made->ssl = SSL_CTX_new(TLS_server_method());
    }
    if (made == NULL || made->ssl == NULL) {
        free(made);
        snprintf(problem, 256, "no memory for TLS");
        return STATUS_MEMORY;
    }
    set_options(made->ssl);
    enum status status = load(made->ssl, certificate, key, client_ca, problem);
    if (status != STATUS_OK) {
        tls_context_destroy(&made);
    }
    *context = made;
    return status;
}

void tls_context_destroy(struct tls_context **context) {
    if (*context != NULL) {
        SSL_CTX_free((*context)->ssl);
        free(*context);
        *context = NULL;
    }
}

/* --- Sessions -------------------------------------------------------------------------------------------------------
 */

struct tls_session *tls_session_new(struct tls_context *context, int descriptor) {
    struct tls_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->ssl = SSL_new(context->ssl);
    if (session->ssl == NULL || SSL_set_fd(session->ssl, descriptor) != 1) {
        ERR_clear_error();
        tls_session_destroy(&session);
        return NULL;
    }
    SSL_set_accept_state(session->ssl);
    return session;
}

void tls_session_destroy(struct tls_session **session) {
    if (*session != NULL) {
        SSL_free((*session)->ssl);
        free(*session);
        *session = NULL;
    }
}

static void note_common_name(struct tls_session *session) {
    X509 *certificate = SSL_get0_peer_certificate(session->ssl);
    if (certificate == NULL) {
        return;
    }
    X509_NAME *subject = X509_get_subject_name(certificate);
    int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *utf8 = NULL;
    int size = place < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
    /* One with a NUL inside, or that does not fit, is no name to be compared. */
    if (size > 0 && size < NAME_BYTES && memchr(utf8, 0, (size_t)size) == NULL) {
        memcpy(session->common_name, utf8, (size_t)size);
        session->common_name[size] = '\0';
    }
    OPENSSL_free(utf8);
    ERR_clear_error();
}

enum status tls_shake_hands(struct tls_session *session, bool *wants_write) {
    ERR_clear_error();
    int result = SSL_do_handshake(session->ssl);
    *wants_write = false;
    if (result == 1) {
        note_common_name(session);
        return STATUS_OK;
    }
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_WRITE:
        *wants_write = true;
        return STATUS_AGAIN;
    case SSL_ERROR_WANT_READ:
        return STATUS_AGAIN;
    default:
        ERR_clear_error();
        return STATUS_DENIED;
    }
}

const char *tls_common_name(const struct tls_session *session) {
    return session->common_name;
}

static ssize_t outcome(struct tls_session *session, int result, bool *wants_write) {
    *wants_write = false;
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_WRITE:
        *wants_write = true;
        return -1;
    case SSL_ERROR_WANT_READ:
        return -1;
    default:
        ERR_clear_error();
        return -2;
    }
}

ssize_t tls_read(struct tls_session *session, void *data, size_t size, bool *wants_write) {
    size_t got = 0;
    ERR_clear_error();
    int result = SSL_read_ex(session->ssl, data, size, &got);
    return result == 1 ? (ssize_t)got : outcome(session, result, wants_write);
}

ssize_t tls_write(struct tls_session *session, const void *data, size_t size) {
    size_t put = 0;
    bool wants_write;
    ERR_clear_error();
    int result = SSL_write_ex(session->ssl, data, size, &put);
    ssize_t bytes = result == 1 ? (ssize_t)put : outcome(session, result, &wants_write);
    return bytes == 0 ? -2 : bytes;
}

bool tls_has_pending(const struct tls_session *session) {
    return SSL_has_pending(session->ssl) == 1;
}

void tls_say_farewell(struct tls_session *session) {
    if (SSL_is_init_finished(session->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(session->ssl);
        ERR_clear_error();
    }
}
