// The Kotlin layer as an app uses it, over a replica. Arguments: a folder of its own, the schema document.
package org.tern.kotlin.test

import java.io.File
import java.io.IOException
import java.time.Duration
import java.util.UUID
import java.util.concurrent.CountDownLatch
import kotlin.system.exitProcess
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.tern.Cells
import org.tern.ErrorCode
import org.tern.HttpTransport
import org.tern.Replica
import org.tern.SyncOptions
import org.tern.TernException
import org.tern.TokenSource
import org.tern.kotlin.await
import org.tern.kotlin.reading
import org.tern.kotlin.watching
import org.tern.kotlin.writing

val user: UUID = UUID.fromString("0a1b0000-0000-4000-8000-00000000000a")

/** Never answers, until it is cut. */
class Silence : HttpTransport {
    val begun = CompletableDeferred<Unit>()
    val cut = CountDownLatch(1)

    override fun exchange(request: HttpTransport.Request): HttpTransport.Answer {
        begun.complete(Unit)
        cut.await()
        throw IOException("cut")
    }

    override fun cancel(request: HttpTransport.Request) {
        cut.countDown()
    }
}

suspend fun fails(code: ErrorCode, body: suspend () -> Unit) {
    try {
        body()
    } catch (e: TernException) {
        check(e.code() == code) { "$code was to be told, and not $e" }
        return
    }
    error("$code was to be told")
}

suspend fun writesAndReads(replica: Replica) {
    val thread = Thread.currentThread()
    val id = replica.writing { tx ->
        check(Thread.currentThread() != thread)
        tx.insert("users", Cells().with("id", user).with("role", "PATIENT").with("full_name", "សុខ ដារ៉ា"))
    }
    check(id == user)
    val name = replica.reading { it.query("SELECT full_name FROM users").first { row -> row.getString(0) }!! }
    check(name == "សុខ ដារ៉ា") { name }
    fails(ErrorCode.UNKNOWN_TABLE) { replica.writing { tx -> tx.insert("nowhere", Cells().with("id", user)) } }
    check(replica.status().pending == 1L)
}

suspend fun watches(replica: Replica) = runBlocking {
    val names = replica.watching("users") { it.query("SELECT full_name FROM users").first { row -> row.getString(0) }!! }
    val seen = CompletableDeferred<List<String>>()
    val first = CompletableDeferred<Unit>()
    launch(Dispatchers.Default) {
        seen.complete(names.take(2).toList().also { check(first.isCompleted) })
    }
    launch(Dispatchers.Default) {
        names.first()
        first.complete(Unit)
        replica.writing { tx -> tx.update("users", user, Cells().with("full_name", "changed")) }
    }
    check(seen.await().last() == "changed") { "${seen.await()}" }
    fails(ErrorCode.UNKNOWN_TABLE) { replica.watching("nowhere") { 1 }.first() }
    fails(ErrorCode.SQL) { replica.watching("users") { it.query("SELECT nothing").first { 1 }!! }.first() }
    try {
        replica.watching<Int>("users") { throw IllegalStateException("the body's") }.first()
        error("the body's failure was lost")
    } catch (e: IllegalStateException) {
        check(e.message == "the body's") { "$e" }
    }
}

suspend fun syncs(replica: Replica) = runBlocking {
    val once = SyncOptions().maxAttempts(1).waitLimit(Duration.ZERO)
    fails(ErrorCode.PROTOCOL) {
        replica.newSync({ HttpTransport.Answer(200, ByteArray(0), null, null, null) }, { "token" }, once).await()
    }
    val silence = Silence()
    val running = launch(Dispatchers.Default) { replica.newSync(silence, TokenSource { "token" }, once).await() }
    silence.begun.await()
    running.cancelAndJoin()
    silence.cut.await()
}

fun main(arguments: Array<String>) {
    val (folder, document) = arguments
    runBlocking {
        withTimeout(60_000) {
            Replica.Options(File(folder, "kotlin.db").path).schema(File(document).readBytes()).user(user).open().use { replica ->
                writesAndReads(replica)
                watches(replica)
                syncs(replica)
            }
        }
    }
    println("kotlin: writes, reads, watches and syncs")
    exitProcess(0)
}
