/* The time under which a transaction is stored, which decides what it wins over. */
#ifndef TRN_SERVER_STORED_TIME_H
#define TRN_SERVER_STORED_TIME_H

#include "server/push_state.h"
#include "wire/request.h"

/* Sets `push->entry.time_us` by what the entry claims, what the device's attempt says of its clock,
 * and the stored times of what the writer had seen. */
tern_status trn_stored_time_find(struct trn_push *push,
                                 const struct trn_request_entry *request,
                                 const struct trn_db_device *device,
                                 tern_error *error);

#endif
