// Coroutines over org.tern: as thin as can be. Needs kotlinx-coroutines. An app takes this file into its own sources; the test
// jni_kotlin compiles and runs it where scripts/deps has brought a compiler.
package org.tern.kotlin

import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import org.tern.LiveQuery
import org.tern.Replica
import org.tern.Snapshot
import org.tern.SyncCall
import org.tern.SyncProgress
import org.tern.TernException
import org.tern.Tx

/** A transaction off the caller's thread. Its body may not suspend: a transaction belongs to one thread. */
suspend fun <T : Any> Replica.writing(on: CoroutineDispatcher = Dispatchers.IO, body: (Tx) -> T): T =
    withContext(on) { writeResult { tx -> body(tx) }!! }

/** Reads of one state, off the caller's thread. */
suspend fun <T : Any> Replica.reading(on: CoroutineDispatcher = Dispatchers.IO, body: (Snapshot) -> T): T =
    withContext(on) { read { snapshot -> body(snapshot) }!! }

/** The result now and after each change of the tables; of changes that come fast the last one. A failed run ends the flow. */
fun <T : Any> Replica.watching(
    vararg tables: String,
    on: CoroutineDispatcher = Dispatchers.IO,
    body: (Snapshot) -> T,
): Flow<T> = callbackFlow {
    val query = watch(tables.toSet(), on.asExecutor(), { snapshot ->
        try {
            body(snapshot)
        } catch (e: TernException) {
            throw e
        } catch (e: RuntimeException) { // the collector's, not the executor's
            close(e)
            null
        }
    }, object : LiveQuery.Listener<T> {
        override fun onResult(result: T?) {
            result?.let { trySend(it) }
        }

        override fun onError(error: TernException) {
            close(error)
        }
    })
    awaitClose { query.close() }
}.conflate()

/** Runs the sync; cancelling the coroutine cancels it. */
suspend fun SyncCall.await(on: CoroutineDispatcher = Dispatchers.IO): SyncProgress =
    suspendCancellableCoroutine { continuation ->
        continuation.invokeOnCancellation { cancel() }
        start(on.asExecutor()).whenComplete { progress, failure ->
            if (failure == null) continuation.resume(progress) else continuation.resumeWithException(failure)
        }
    }
