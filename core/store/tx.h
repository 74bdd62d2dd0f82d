/* The writer's log; its transactions are in store.h. */
#ifndef TRN_STORE_TX_H
#define TRN_STORE_TX_H

#include "store/state.h"

/* Starts counting the pages of the log. */
void trn_log_install(struct trn_store *store);

#endif
