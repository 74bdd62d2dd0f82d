/*
 * HTTPS by libevent: connections in, exchanges to the handler in groups, answers out.
 *
 * One thread and one loop. Requests that are read in one turn of the loop are handled as one group
 * and answered after its commit; while that commit is waited for, the next ones gather. The job for
 * missed doses takes a step where nothing else is to be done.
 */
#ifndef TRN_SERVER_LISTEN_H
#define TRN_SERVER_LISTEN_H

#include "server/listen_parts.h"

struct trn_listener;

/**
 * Binds the address and reads the certificate. All parts are borrowed until it is closed.
 *
 * @return TERN_OK, TERN_ERR_MISUSE (address), _IO (port taken, port file), _TLS (certificate, key),
 * _NOMEM.
 */
TERN_MUST_USE tern_status trn_listener_open(const struct trn_listener_parts *parts,
                                            struct trn_listener **ret_listener,
                                            tern_error *error);
/* NULL is accepted. */
void trn_listener_close(struct trn_listener *listener);

/* Serves until SIGTERM or SIGINT, and then answers what has arrived. */
TERN_MUST_USE tern_status trn_listener_run(struct trn_listener *listener, tern_error *error);

#endif
