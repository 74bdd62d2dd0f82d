/* The outbox, and a sync step by step: Java carries the bytes. */
#include <string.h>

#include "bindings/jni/src/bridge.h"

/* ---- The outbox ---- */

static bool put_entry(void *context, const tern_entry *entry)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_long(call, (int64_t)entry->ordinal);
    bridge_put_id(call, &entry->tx);
    bridge_put_id(call, &entry->device);
    bridge_put_int(call, (int32_t)entry->state);
    bridge_put_long(call, entry->time_us);
    bridge_put_long(call, (int64_t)entry->number);
    bridge_put_long(call, (int64_t)entry->size_bytes);
    bridge_put_int(call, (int32_t)entry->changes);
    bridge_put_int(call, (int32_t)entry->attempts);
    bridge_put_int(call, (int32_t)entry->reason);
    bridge_put_text(call, entry->detail);
    bridge_put_long(call, (int64_t)entry->waits_for);
    return !call->out.failed;
}

tern_status bridge_outboxEntries(struct bridge_call *call)
{
    unsigned states = (unsigned)bridge_int(call);
    tern_status status =
        tern_outbox_visit(call->handle, states, put_entry, call, &call->error.error);

    bridge_put_byte(call, 0);
    return status;
}

static bool put_change(void *context, const tern_entry_change *change)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_text(call, change->operation);
    bridge_put_text(call, change->table);
    bridge_put_id(call, &change->row);
    bridge_put_text(call, change->unit);
    bridge_put_text(call, change->values);
    return !call->out.failed;
}

tern_status bridge_outboxChanges(struct bridge_call *call)
{
    uint64_t ordinal = (uint64_t)bridge_long(call);
    tern_status status =
        tern_outbox_changes(call->handle, ordinal, put_change, call, &call->error.error);

    bridge_put_byte(call, 0);
    return status;
}

tern_status bridge_quarantineRetry(struct bridge_call *call)
{
    uint64_t ordinal = (uint64_t)bridge_long(call);
    tern_status status = tern_quarantine_retry(call->handle, ordinal, &ordinal, &call->error.error);

    bridge_put_long(call, (int64_t)ordinal);
    return status;
}

tern_status bridge_quarantineDiscard(struct bridge_call *call)
{
    return tern_quarantine_discard(call->handle, (uint64_t)bridge_long(call), &call->error.error);
}

tern_status bridge_auditReinstate(struct bridge_call *call)
{
    tern_id audit = bridge_id(call);

    return tern_audit_reinstate(call->handle, &audit, &call->error.error);
}

/* ---- A sync ---- */

tern_status bridge_syncOpen(struct bridge_call *call)
{
    tern_sync_options options = {.size = sizeof options};
    tern_sync *sync = NULL;
    tern_status status;

    options.page_rows = (uint32_t)bridge_int(call);
    options.push_bytes = (uint32_t)bridge_int(call);
    options.max_attempts = (uint32_t)bridge_int(call);
    status = tern_sync_open(call->handle, &options, &sync, &call->error.error);
    bridge_put_opened(call, sync, bridge_syncClose);
    return status;
}

static void put_request(struct bridge_call *call, const tern_http_request *request)
{
    bridge_put_text(call, request->path);
    bridge_put_text(call, request->content_type);
    bridge_put_text(call, request->body_coding);
    bridge_put_text(call, request->accept_codings);
    bridge_put_text(call, request->token);
    bridge_put_bytes(call, request->body, request->body_size);
    bridge_put_long(call, (int64_t)request->answer_limit_bytes);
    bridge_put_long(call, request->timeout_ms);
}

tern_status bridge_syncNext(struct bridge_call *call)
{
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    tern_status status = tern_sync_next(call->handle, &step, &call->error.error);

    bridge_put_int(call, (int32_t)step.action);
    bridge_put_long(call, step.wait_ms);
    bridge_put_int(call, (int32_t)step.result);
    if (status == TERN_OK && step.action == TERN_SYNC_SEND) {
        put_request(call, step.request);
    }
    return status;
}

tern_status bridge_syncAnswered(struct bridge_call *call)
{
    tern_http_answer answer = {.status = bridge_int(call)};
    const uint8_t *body;
    tern_status status;

    answer.body_is_coded = bridge_byte(call) != 0;
    answer.is_problem = bridge_byte(call) != 0;
    answer.retry_after_ms = bridge_long(call);
    body = bridge_bytes(call, &answer.body_size);
    status = bridge_check(call);
    if (status == TERN_OK) {
        memcpy(&answer.body, &body, sizeof body); /* read only: the session copies it */
        status = tern_sync_answered(call->handle, &answer, &call->error.error);
    }
    return status;
}

tern_status bridge_syncFailed(struct bridge_call *call)
{
    return tern_sync_failed(call->handle, (tern_status)bridge_int(call), &call->error.error);
}

tern_status bridge_syncToken(struct bridge_call *call)
{
    const char *token = bridge_text(call);
    tern_status status = bridge_check(call);

    return status == TERN_OK ? tern_sync_set_token(call->handle, token, &call->error.error)
                             : status;
}

tern_status bridge_syncCancel(struct bridge_call *call)
{
    tern_sync_cancel(call->handle);
    return TERN_OK;
}

tern_status bridge_syncProgress(struct bridge_call *call)
{
    tern_sync_progress progress = {0};
    tern_status status = tern_sync_read_progress(call->handle, &progress, &call->error.error);

    bridge_put_long(call, (int64_t)progress.sent_txs);
    bridge_put_long(call, (int64_t)progress.pending_txs);
    bridge_put_long(call, (int64_t)progress.rows);
    bridge_put_long(call, (int64_t)progress.scopes_done);
    bridge_put_long(call, (int64_t)progress.round_trips);
    return status;
}

tern_status bridge_syncReason(struct bridge_call *call)
{
    tern_error reason = {0};

    tern_sync_read_reason(call->handle, (tern_status)bridge_int(call), &reason);
    bridge_put_text(call, reason.message);
    return TERN_OK;
}

tern_status bridge_syncClose(struct bridge_call *call)
{
    tern_sync_close(call->handle);
    return TERN_OK;
}
