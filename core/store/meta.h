/* The row of settings that is kept between two readings; the rest of it is in store.h. */
#ifndef TRN_STORE_META_H
#define TRN_STORE_META_H

#include "store/state.h"

/* What is known of the row still holds after a commit of ours. */
void trn_meta_committed(struct trn_store *store);

#endif
