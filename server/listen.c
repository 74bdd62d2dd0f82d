/* The socket, TLS, the loop and its signals. Connections are peer.c's, requests route.c's. */
#include "server/listen.h"

#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/memory.h"
#include "server/clock.h"
#include "server/journal.h"
#include "server/listen_state.h"
#include "server/peer.h"
#include "server/route.h"

enum { BACKLOG = 512, HEADERS_BYTES_MAX = 32 * 1024, BODY_SLACK = 2 };
/* Of the files that a process may have open, those that are no connections. */
enum { OTHER_FILES = 64 };

static void event_drop(struct event *event)
{
    if (event != NULL) {
        event_free(event);
    }
}

/* ---- TLS ---- */

static tern_status tls_open(struct trn_listener *listener, tern_error *error)
{
    const struct trn_settings *settings = listener->parts.settings;
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    listener->tls = tls;
    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
        return trn_fail(error, TERN_ERR_TLS, "TLS cannot be set up");
    }
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(tls, settings->certificate) != 1) {
        return trn_fail(error, TERN_ERR_TLS, "the certificate cannot be read");
    }
    if (SSL_CTX_use_PrivateKey_file(tls, settings->private_key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1) {
        return trn_fail(error,
                        TERN_ERR_TLS,
                        "the private key cannot be read, or is not the certificate's");
    }
    return TERN_OK;
}

/* Without a file for it no connection can be taken, and the loop would try without end: so there
 * are no more than there are files for. */
static void count_files(struct trn_listener *listener)
{
    const int64_t wanted = listener->parts.settings->connections;
    struct rlimit files = {.rlim_cur = 0};

    listener->connections = wanted;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return;
    }
    if (files.rlim_cur < (rlim_t)wanted + OTHER_FILES && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max < (rlim_t)wanted + OTHER_FILES
                             ? files.rlim_max
                             : (rlim_t)wanted + OTHER_FILES;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur < (rlim_t)wanted + OTHER_FILES) {
        listener->connections =
            files.rlim_cur > OTHER_FILES ? (int64_t)(files.rlim_cur - OTHER_FILES) : 1;
        trn_journal_note(TRN_LOG_ERROR,
                         "fewer connections",
                         "reason",
                         "the limit of open files is too low for --connections",
                         "connections",
                         listener->connections);
    }
}

/* ---- The socket ---- */

/* Set on the listening socket, every connection inherits it: without it answers wait for ACKs. */
static tern_status set_no_delay(evutil_socket_t socket, tern_error *error)
{
    int on = 1;

    if (setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
        return trn_fail(error, TERN_ERR_IO, "the socket does not take TCP_NODELAY");
    }
    return TERN_OK;
}

static tern_status socket_open(struct trn_listener *listener, tern_error *error)
{
    const struct trn_settings *settings = listener->parts.settings;
    struct sockaddr_storage address = {0};
    int size = (int)sizeof(address);
    struct evconnlistener *accepting;
    tern_status status;

    if (evutil_parse_sockaddr_port(settings->address, (struct sockaddr *)&address, &size) != 0) {
        return trn_fail(error, TERN_ERR_MISUSE, "--listen: not a numeric address");
    }
    if (address.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&address)->sin6_port = htons((uint16_t)settings->port);
    } else {
        ((struct sockaddr_in *)&address)->sin_port = htons((uint16_t)settings->port);
    }
    accepting =
        evconnlistener_new_bind(listener->base,
                                NULL,
                                NULL,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                BACKLOG,
                                (struct sockaddr *)&address,
                                size);
    if (accepting == NULL) {
        return trn_fail(error,
                        TERN_ERR_IO,
                        "%s port %d cannot be listened on: %s",
                        settings->address,
                        (int)settings->port,
                        evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    }
    status = set_no_delay(evconnlistener_get_fd(accepting), error);
    if (status == TERN_OK) {
        listener->socket = evhttp_bind_listener(listener->http, accepting);
        status = listener->socket != NULL ? TERN_OK : trn_fail_nomem(error);
    }
    if (status != TERN_OK) {
        evconnlistener_free(accepting);
    }
    return status;
}

static int64_t port_of(const struct trn_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    evutil_socket_t socket = evhttp_bound_socket_get_fd(listener->socket);

    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    return address.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&address)->sin6_port)
                                         : ntohs(((const struct sockaddr_in *)&address)->sin_port);
}

/* Written aside and moved into place, so that who waits for the file never reads half of it. */
static tern_status announce_port(const struct trn_listener *listener, tern_error *error)
{
    const char *name = listener->parts.settings->port_file;
    struct trn_bytes aside = {0};
    tern_status status = TERN_OK;
    FILE *file;

    if (name == NULL) {
        return TERN_OK;
    }
    if (trn_bytes_append_format(&aside, "%s.new", name) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    file = fopen(trn_bytes_text(&aside), "w");
    if (file == NULL || fprintf(file, "%lld\n", (long long)port_of(listener)) < 0) {
        status = TERN_ERR_IO;
    }
    if (file != NULL && fclose(file) != 0) {
        status = TERN_ERR_IO;
    }
    if (status == TERN_OK && rename(trn_bytes_text(&aside), name) != 0) {
        status = TERN_ERR_IO;
    }
    trn_bytes_free(&aside);
    return status == TERN_OK ? TERN_OK : trn_fail(error, status, "the port file cannot be written");
}

/* ---- The loop ---- */

static void on_flush(evutil_socket_t socket, short what, void *context)
{
    (void)socket;
    (void)what;
    trn_route_flush(context);
}

static void schedule_missed(struct trn_listener *listener, int64_t seconds)
{
    struct timeval wait = {.tv_sec = (time_t)seconds};

    if (!listener->stopping) {
        (void)event_add(listener->missed, &wait);
    }
}

/* Doses that stay as they are for this reason. */
static void tell_left(const char *reason, size_t doses)
{
    if (doses > 0) {
        trn_journal_note(TRN_LOG_ERROR, "missed doses", "reason", reason, "doses", (int64_t)doses);
    }
}

/* One bounded step; what has arrived since is handled before the next. */
static void on_missed(evutil_socket_t socket, short what, void *context)
{
    struct trn_listener *listener = context;
    struct trn_missed_report report = {.missed = 0};
    tern_error error = {.status = TERN_OK};

    (void)socket;
    (void)what;
    if (listener->stopping) {
        return;
    }
    if (trn_missed_step(listener->parts.missed, trn_clock_wall_us(), &report, &error) != TERN_OK) {
        trn_journal_note(TRN_LOG_ERROR, "missed doses", "reason", error.message, NULL, 0);
        schedule_missed(listener, trn_rounds_wait_s(&listener->rounds, NULL));
        return;
    }
    listener->metrics.missed += report.missed;
    if (report.missed > 0) {
        trn_journal_note(TRN_LOG_INFO,
                         "missed doses",
                         NULL,
                         NULL,
                         "stored",
                         (int64_t)report.missed);
    }
    tell_left("the time zone of patients cannot be read", report.unread);
    tell_left("the dosage is no object", report.undosed);
    tell_left("the server refused what was found", report.refused);
    schedule_missed(listener, trn_rounds_wait_s(&listener->rounds, &report));
}

static void on_deadline(evutil_socket_t socket, short what, void *context)
{
    struct trn_listener *listener = context;

    (void)socket;
    (void)what;
    (void)event_base_loopexit(listener->base, NULL);
}

/* No new connections; what was read is handled and committed, what is answered is written out. */
static void on_signal(evutil_socket_t socket, short what, void *context)
{
    struct trn_listener *listener = context;
    struct timeval most = {.tv_sec = (time_t)listener->parts.settings->stop_s};

    (void)socket;
    (void)what;
    trn_journal_note(TRN_LOG_INFO, "stopping", NULL, NULL, NULL, 0);
    if (listener->stopping) {
        (void)event_base_loopexit(listener->base, NULL);
        return;
    }
    listener->stopping = true;
    evhttp_del_accept_socket(listener->http, listener->socket);
    listener->socket = NULL;
    trn_route_flush(listener);
    (void)event_add(listener->deadline, &most);
    trn_listener_check_end(listener);
}

static tern_status loop_open(struct trn_listener *listener, tern_error *error)
{
    struct event_base *base = event_base_new();

    listener->base = base;
    if (base == NULL || event_base_priority_init(base, PRIORITY_COUNT) != 0) {
        return trn_fail_nomem(error);
    }
    listener->http = evhttp_new(base);
    listener->flush = event_new(base, -1, 0, on_flush, listener);
    listener->deadline = evtimer_new(base, on_deadline, listener);
    listener->on_term = evsignal_new(base, SIGTERM, on_signal, listener);
    listener->on_int = evsignal_new(base, SIGINT, on_signal, listener);
    if (listener->http == NULL || listener->flush == NULL || listener->deadline == NULL ||
        listener->on_term == NULL || listener->on_int == NULL ||
        event_priority_set(listener->flush, PRIORITY_FLUSH) != 0 ||
        event_add(listener->on_term, NULL) != 0 || event_add(listener->on_int, NULL) != 0) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

static tern_status missed_open(struct trn_listener *listener, tern_error *error)
{
    if (listener->parts.missed == NULL) {
        return TERN_OK;
    }
    listener->missed = evtimer_new(listener->base, on_missed, listener);
    if (listener->missed == NULL || event_priority_set(listener->missed, PRIORITY_JOB) != 0) {
        return trn_fail_nomem(error);
    }
    listener->rounds.interval_s = listener->parts.settings->infer_missed_s;
    schedule_missed(listener, 0);
    return TERN_OK;
}

static void http_configure(struct trn_listener *listener)
{
    const struct trn_settings *settings = listener->parts.settings;

    evhttp_set_timeout(listener->http, (int)settings->timeout_s);
    evhttp_set_max_headers_size(listener->http, HEADERS_BYTES_MAX);
    /* Up to this a body that is too large gets our problem document, above it libevent's answer. */
    evhttp_set_max_body_size(listener->http, (ev_ssize_t)(settings->body_bytes * BODY_SLACK));
    evhttp_set_allowed_methods(listener->http,
                               EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                   EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
    evhttp_set_bevcb(listener->http, trn_peer_connect, listener);
    evhttp_set_gencb(listener->http, trn_route, listener);
}

tern_status trn_listener_open(const struct trn_listener_parts *parts,
                              struct trn_listener **ret_listener,
                              tern_error *error)
{
    struct trn_listener *listener = trn_calloc(1, sizeof(*listener));
    tern_status status;

    if (listener == NULL) {
        return trn_fail_nomem(error);
    }
    listener->parts = *parts;
    listener->metrics.started_s = trn_clock_wall_us() / 1000000;
    trn_peer_prepare();
    count_files(listener);
    status = tls_open(listener, error);
    if (status == TERN_OK) {
        status = loop_open(listener, error);
    }
    if (status == TERN_OK) {
        http_configure(listener);
        status = missed_open(listener, error);
    }
    if (status == TERN_OK) {
        status = socket_open(listener, error);
    }
    if (status == TERN_OK) {
        status = announce_port(listener, error);
    }
    if (status != TERN_OK) {
        trn_listener_close(listener);
        return status;
    }
    trn_journal_note(TRN_LOG_INFO,
                     "listening",
                     "address",
                     parts->settings->address,
                     "port",
                     port_of(listener));
    *ret_listener = listener;
    return TERN_OK;
}

void trn_listener_close(struct trn_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    listener->socket = NULL;
    if (listener->http != NULL) {
        evhttp_free(listener->http);
    }
    event_drop(listener->flush);
    event_drop(listener->missed);
    event_drop(listener->deadline);
    event_drop(listener->on_term);
    event_drop(listener->on_int);
    if (listener->base != NULL) {
        event_base_free(listener->base);
    }
    SSL_CTX_free(listener->tls);
    trn_free(listener);
}

tern_status trn_listener_run(struct trn_listener *listener, tern_error *error)
{
    if (event_base_dispatch(listener->base) < 0) {
        return trn_fail(error, TERN_ERR_IO, "the loop cannot wait for events");
    }
    trn_journal_note(TRN_LOG_INFO, "stopped", NULL, NULL, NULL, 0);
    return TERN_OK;
}
