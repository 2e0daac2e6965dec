// threadmill-bench: threadmill's scenarios × strategies × thread counts as Google Benchmark benchmarks.
//
// Nothing is written a second time here: the list of scenarios is threadmill's, and so are the loops around
// an operation (bench_case.h over harness/worker.h). Google Benchmark brings its threads, its choice of the
// number of iterations, its options and its JSON, which its own compare.py reads.
//
// After the timed loop each thread runs a bounded number of timed operations; their percentiles appear as
// counters in nanoseconds. Reading the clock inside the timed loop would change what is measured.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <mutex>
#include <string>
#include <thread>

#include "bench_case.h"

namespace
{

void RunCase(benchmark::State &state, const mill_bench_id &id)
{
    static mill_bench_case
        *running; // of the one benchmark that runs now: its thread 0 makes it, its last ends it
    const auto index = static_cast<unsigned>(state.thread_index());
    if (index == 0) {
        running = mill_bench_case_create(&id);
    }
    // The loop's first turn begins when all threads have come to it, and its end waits for all of them.
    bool good = false;
    while (state.KeepRunningBatch(state.max_iterations)) {
        good = running != nullptr &&
               mill_bench_case_run(running, index, static_cast<uint64_t>(state.max_iterations));
    }
    state.SetItemsProcessed(state.iterations());
    if (running == nullptr) {
        state.SkipWithError("the scenario could not be set up");
        return;
    }
    if (!good) {
        state.SkipWithError("an operation failed");
    }
    if (!mill_bench_case_latency(running, index, static_cast<uint64_t>(state.max_iterations))) {
        return;
    }
    for (size_t i = 0; i < mill_bench_percentile_count; i++) {
        state.counters[mill_bench_percentiles[i].name] = mill_bench_case_percentile(running, i);
    }
    bool expected = false;
    const char *found = mill_bench_case_verify(running, &expected);
    if (found != nullptr && expected) {
        state.SetLabel(std::string("control: ") + found);
    } else if (found != nullptr) {
        state.SkipWithError(found);
    }
    mill_bench_case_destroy(running);
}

void Register(const mill_bench_id *id, const char *unsupported, void *)
{
    const std::string name = std::string(id->scenario) + "/" + id->strategy;
    if (unsupported != nullptr) {
        std::fprintf(stderr, "threadmill-bench: unsupported: %s/threads:%u: %s\n", name.c_str(), id->threads,
                     unsupported);
        return;
    }
    const mill_bench_id copy = *id;
    benchmark::RegisterBenchmark(name.c_str(), [copy](benchmark::State &state) { RunCase(state, copy); })
        ->Threads(static_cast<int>(id->threads))
        ->UseRealTime();
}

} // namespace

int main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    if (mill_bench_each(Register, nullptr) < 0) {
        std::fprintf(stderr, "threadmill-bench: this machine's topology could not be read\n");
        return 3;
    }
    // glibc leaves out atomic instructions while a process has one thread: a second, idle one must exist.
    std::mutex gate;
    gate.lock();
    std::thread idle([&gate] { std::lock_guard<std::mutex> wait(gate); });
    benchmark::RunSpecifiedBenchmarks();
    gate.unlock();
    idle.join();
    benchmark::Shutdown();
    return 0;
}
