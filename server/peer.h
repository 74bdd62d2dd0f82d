/* Connections as peers: how many there are, what each is owed, and when one is late. */
#ifndef TRN_SERVER_PEER_H
#define TRN_SERVER_PEER_H

#include "server/listen_state.h"

/* Once, before the first. */
void trn_peer_prepare(void);
/* The callback of evhttp for every connection. */
struct bufferevent *trn_peer_connect(struct event_base *base, void *context);

/* Whose connection or request it is; NULL where that is not known. */
struct trn_peer *trn_peer_of_stream(struct bufferevent *stream);
struct trn_peer *trn_peer_of(struct evhttp_request *request);
/* A request is here, or an answer is out: the next step has its whole time again. NULL is accepted.
 */
void trn_peer_in_time(struct trn_peer *peer);
/* Ends the loop where it is stopping and nothing is left to send. */
void trn_listener_check_end(struct trn_listener *listener);

#endif
