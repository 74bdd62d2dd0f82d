/* The lock, over pthreads. */
#include "api/lock.h"

bool trn_lock_init(struct trn_lock *lock)
{
    pthread_mutexattr_t attributes;
    bool done;

    if (pthread_mutexattr_init(&attributes) != 0) {
        return false;
    }
    done = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE) == 0 &&
           pthread_mutex_init(&lock->mutex, &attributes) == 0;
    (void)pthread_mutexattr_destroy(&attributes);
    return done;
}

void trn_lock_destroy(struct trn_lock *lock)
{
    (void)pthread_mutex_destroy(&lock->mutex);
}

void trn_lock_enter(struct trn_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

void trn_lock_leave(struct trn_lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}
