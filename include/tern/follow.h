/**
 * Following: which keys of a table's rows have changed, for data that an app derives from them.
 *
 * A table is followed by one or two of its columns under a name. From then on each change of one of
 * its rows notes the values that these columns had and have in the table `tern_noted(name, first,
 * second)`, each pair once, in the transaction of the change: whoever changed it (a call, a sync, a
 * row that leaves by the window or is erased), and whichever program opened the file. The app reads
 * the notes by SQL, works them off, and takes them away with DELETE in the same transaction, so
 * that neither is lost without the other.
 */
#ifndef TERN_FOLLOW_H
#define TERN_FOLLOW_H

#include "tern/replica.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Follows a table from this transaction on, and notes every key that its rows have now. The same
 * again begins anew: all is noted once more.
 *
 * A file in which something is followed cannot be opened by versions of the library that do not
 * know of it. A transaction pays for it only where it changes rows of a followed table.
 *
 * @param name   UTF-8, 1 to 64 bytes; the app's choice.
 * @param first  A column that is never null.
 * @param second A further one; NULL: none, and the notes have '' there.
 * @return TERN_OK; TERN_ERR_UNKNOWN_TABLE, _UNKNOWN_COLUMN, _TYPE (a column that may be null, or a
 * real one), _TOO_LARGE (more than 16 names, or a name too long), _MISUSE, _IO, _DISK_FULL, _NOMEM.
 * A failed call leaves the transaction as it was before it.
 */
TERN_API TERN_MUST_USE tern_status tern_tx_follow(tern_tx *tx,
                                                  const char *name,
                                                  const char *table,
                                                  const char *first,
                                                  const char *second,
                                                  tern_error *error);

#ifdef __cplusplus
}
#endif
#endif
