/* Readers: a connection each, which waits for no writer. */
#include "api/internal.h"

#include "base/memory.h"

tern_status tern_reader_open(tern_replica *replica, tern_reader **ret_reader, tern_error *error)
{
    tern_reader *reader;
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || ret_reader == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica and a result are needed");
    }
    reader = trn_calloc(1, sizeof(*reader));
    if (reader == NULL) {
        return trn_fail_nomem(error);
    }
    reader->replica = replica;
    /* Without the lock: what is read of the store never changes once it is open. */
    status = trn_reader_open(replica->store, &reader->inner, error);
    if (status != TERN_OK) {
        trn_free(reader);
        return status;
    }
    *ret_reader = reader;
    return TERN_OK;
}

void trn_reader_release(tern_reader *reader)
{
    if (reader->is_closed && reader->statements == 0) {
        trn_reader_close(reader->inner);
        trn_free(reader);
    }
}

void tern_reader_close(tern_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    trn_reader_rest(reader->inner);
    reader->is_closed = true;
    trn_reader_release(reader);
}

tern_status tern_reader_begin(tern_reader *reader, tern_error *error)
{
    trn_error_clear(error);
    if (reader == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a reader is needed");
    }
    return trn_reader_begin(reader->inner, error);
}

void tern_reader_end(tern_reader *reader)
{
    if (reader != NULL) {
        trn_reader_end(reader->inner);
    }
}
