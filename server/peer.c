/* A peer lives as long as its TLS session, which libevent frees with the connection. */
#include "server/peer.h"

#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <sys/socket.h>

#include "base/memory.h"

/* A request, or the reading of an answer, may take so many times what a connection may be idle. */
enum { WHOLE_PER_IDLE = 10 };

/* How many connections are open follows from their TLS sessions: libevent counts none. */
static int connection_slot = -1;

static void limit_connections(struct trn_listener *listener)
{
    struct evconnlistener *accepting;

    if (listener->socket == NULL) {
        return;
    }
    accepting = evhttp_bound_socket_get_listener(listener->socket);
    if (listener->metrics.connections >= listener->connections) {
        (void)evconnlistener_disable(accepting);
    } else {
        (void)evconnlistener_enable(accepting);
    }
}

static void peer_free(struct trn_peer *peer)
{
    if (peer != NULL) {
        event_free(peer->late);
        trn_free(peer);
    }
}

static void on_session_freed(void *parent,
                             void *pointer,
                             CRYPTO_EX_DATA *data,
                             int index,
                             long number,
                             void *context)
{
    struct trn_peer *peer = pointer;

    (void)parent;
    (void)data;
    (void)index;
    (void)number;
    (void)context;
    if (peer == NULL) {
        return;
    }
    peer->listener->metrics.connections--;
    peer->listener->unsent -= peer->unsent; /* nobody is left to read them */
    limit_connections(peer->listener);
    trn_listener_check_end(peer->listener);
    peer_free(peer);
}

void trn_peer_prepare(void)
{
    if (connection_slot < 0) {
        connection_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_session_freed);
    }
}

/* The session, and the socket with it, stands as long as the peer does; the connection over it may
 * be on its way out already, so it is left to notice by itself. */
static void on_late(evutil_socket_t socket, short what, void *context)
{
    const struct trn_peer *peer = context;

    (void)socket;
    (void)what;
    (void)shutdown(SSL_get_fd(peer->session), SHUT_RDWR);
}

void trn_peer_in_time(struct trn_peer *peer)
{
    if (peer != NULL) {
        const struct timeval most = {.tv_sec = (time_t)peer->listener->parts.settings->timeout_s *
                                               WHOLE_PER_IDLE};

        (void)event_add(peer->late, &most);
    }
}

struct trn_peer *trn_peer_of_stream(struct bufferevent *stream)
{
    const SSL *session = stream == NULL ? NULL : bufferevent_openssl_get_ssl(stream);

    return session == NULL ? NULL : SSL_get_ex_data(session, connection_slot);
}

struct trn_peer *trn_peer_of(struct evhttp_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);

    return trn_peer_of_stream(connection == NULL ? NULL
                                                 : evhttp_connection_get_bufferevent(connection));
}

void trn_listener_check_end(struct trn_listener *listener)
{
    if (listener->stopping && listener->unsent == 0 && listener->job_count == 0) {
        (void)event_base_loopexit(listener->base, NULL);
    }
}

static struct trn_peer *peer_new(struct trn_listener *listener, const SSL *session)
{
    struct trn_peer *peer = trn_calloc(1, sizeof(*peer));

    if (peer != NULL) {
        peer->listener = listener;
        peer->session = session;
        peer->late = evtimer_new(listener->base, on_late, peer);
    }
    if (peer != NULL && peer->late == NULL) {
        trn_free(peer);
        peer = NULL;
    }
    return peer;
}

struct bufferevent *trn_peer_connect(struct event_base *base, void *context)
{
    struct trn_listener *listener = context;
    SSL *session = SSL_new(listener->tls);
    struct trn_peer *peer = peer_new(listener, session);
    struct bufferevent *connection;

    if (session == NULL || peer == NULL || SSL_set_ex_data(session, connection_slot, peer) != 1) {
        SSL_free(session);
        peer_free(peer);
        /* libevent would go on in plain HTTP: rather stop than that. */
        (void)event_base_loopexit(base, NULL);
        return NULL;
    }
    listener->metrics.connections++;
    limit_connections(listener);
    connection = bufferevent_openssl_socket_new(base,
                                                -1,
                                                session,
                                                BUFFEREVENT_SSL_ACCEPTING,
                                                BEV_OPT_CLOSE_ON_FREE);
    if (connection == NULL) {
        (void)event_base_loopexit(base, NULL); /* likewise */
        return NULL;
    }
    bufferevent_openssl_set_allow_dirty_shutdown(connection, 1);
    (void)bufferevent_priority_set(connection, PRIORITY_IO);
    trn_peer_in_time(peer);
    return connection;
}
