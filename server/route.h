/* From an HTTP request to a call and back. */
#ifndef TRN_SERVER_ROUTE_H
#define TRN_SERVER_ROUTE_H

#include "server/listen_state.h"

/* The callback of evhttp for every request. */
void trn_route(struct evhttp_request *request, void *context);
/* Handles what has gathered. */
void trn_route_flush(struct trn_listener *listener);

#endif
