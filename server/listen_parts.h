/* What the loop serves with: made by others, and borrowed. */
#ifndef TRN_SERVER_LISTEN_PARTS_H
#define TRN_SERVER_LISTEN_PARTS_H

#include "server/auth.h"
#include "server/missed.h"
#include "server/settings.h"
#include "server/sync.h"

struct trn_listener_parts {
    const struct trn_settings *settings;
    struct trn_db *db;
    struct trn_server *server;
    const struct trn_tokens *tokens;
    struct trn_missed *missed; /* NULL: no such job */
};

#endif
