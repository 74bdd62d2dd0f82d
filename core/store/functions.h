/* The functions that SQL is offered on a connection. */
#ifndef TRN_STORE_FUNCTIONS_H
#define TRN_STORE_FUNCTIONS_H

#include "store/state.h"

/* What an SQL function needs of its connection; writer and readers have one each. */
struct trn_functions {
    struct trn_store_host host;
    const struct trn_schema *const *schema;
    struct trn_store *store; /* of the connection, or that the reader belongs to */
    bool is_writer;
};
tern_status trn_functions_register(sqlite3 *db,
                                   const struct trn_store_host *host,
                                   const struct trn_schema *const *schema,
                                   struct trn_store *store,
                                   bool is_writer,
                                   tern_error *error);

#endif
