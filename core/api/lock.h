/* The replica's lock: recursive, so that a thread that holds a transaction may make further calls.
 * The only place of the core, with lock.c, that knows of threads. */
#ifndef TRN_API_LOCK_H
#define TRN_API_LOCK_H

#include <pthread.h>
#include <stdbool.h>

struct trn_lock {
    pthread_mutex_t mutex;
};

/* False where the platform has no lock to give. */
bool trn_lock_init(struct trn_lock *lock);
void trn_lock_destroy(struct trn_lock *lock);
void trn_lock_enter(struct trn_lock *lock);
void trn_lock_leave(struct trn_lock *lock);

#endif
