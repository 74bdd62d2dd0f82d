/* The replica's lock: recursive, so that a thread that holds a transaction may make further calls,
 * and fair: who came first is served first.
 * The only place of the core, with lock.c, that knows of threads. */
#ifndef TRN_API_LOCK_H
#define TRN_API_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct trn_lock {
    pthread_mutex_t mutex; /* of the members below; held for an instant only */
    pthread_cond_t turn;
    uint64_t next;    /* ticket of who comes next */
    uint64_t serving; /* ticket of who holds it, or may */
    pthread_t owner;  /* while depth is above 0 */
    unsigned depth;
};

/* False where the platform has no lock to give. */
bool trn_lock_init(struct trn_lock *lock);
void trn_lock_destroy(struct trn_lock *lock);
void trn_lock_enter(struct trn_lock *lock);
void trn_lock_leave(struct trn_lock *lock);

#endif
