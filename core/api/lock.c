/* The lock, over pthreads. A mutex alone would let a sync, which comes back at once for its next
 * step, overtake for ever a thread that waits to write. */
#include "api/lock.h"

bool trn_lock_init(struct trn_lock *lock)
{
    *lock = (struct trn_lock){.depth = 0};
    if (pthread_mutex_init(&lock->mutex, NULL) != 0) {
        return false;
    }
    if (pthread_cond_init(&lock->turn, NULL) != 0) {
        (void)pthread_mutex_destroy(&lock->mutex);
        return false;
    }
    return true;
}

void trn_lock_destroy(struct trn_lock *lock)
{
    (void)pthread_cond_destroy(&lock->turn);
    (void)pthread_mutex_destroy(&lock->mutex);
}

void trn_lock_enter(struct trn_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
    if (lock->depth == 0 || !pthread_equal(lock->owner, pthread_self())) {
        uint64_t ticket = lock->next++;

        while (ticket != lock->serving) {
            (void)pthread_cond_wait(&lock->turn, &lock->mutex);
        }
        lock->owner = pthread_self();
    }
    lock->depth++;
    (void)pthread_mutex_unlock(&lock->mutex);
}

void trn_lock_leave(struct trn_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
    if (--lock->depth == 0) {
        lock->serving++;
        (void)pthread_cond_broadcast(&lock->turn);
    }
    (void)pthread_mutex_unlock(&lock->mutex);
}
