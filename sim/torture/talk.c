/* Hears every exchange with the server, by the linker's --wrap of its handler. */
#include "sim/torture/torture.h"

static struct torture_clean *listener;

void __wrap_trn_server_handle(struct trn_server *server,
                              int64_t now_us,
                              struct trn_sync_call *calls,
                              size_t count);
void __real_trn_server_handle(struct trn_server *server,
                              int64_t now_us,
                              struct trn_sync_call *calls,
                              size_t count);

void __wrap_trn_server_handle(struct trn_server *server,
                              int64_t now_us,
                              struct trn_sync_call *calls,
                              size_t count)
{
    __real_trn_server_handle(server, now_us, calls, count);
    if (listener != NULL && listener->exchanges < TORTURE_EXCHANGES) {
        listener->requests[listener->exchanges] = calls->request.size;
        listener->answers[listener->exchanges] = calls->answer.size;
        listener->exchanges++;
    }
}

void torture_listen(struct torture_clean *clean)
{
    listener = clean;
}
