/* The highest of two bids is kept in a std::atomic, compared in one step and stored in another.
 *
 * Shows when: the lower bid compares, the higher one comes in, and the lower one is stored over it.
 * Preemptions: 1.
 * Finding: assertion.
 */
#include <atomic>
#include <cassert>
#include <thread>

namespace
{

std::atomic<int> highest{0};

void bid(int offered)
{
#ifdef FIXED
    int seen = highest.load();
    while (offered > seen && !highest.compare_exchange_weak(seen, offered)) {
    }
#else
    if (offered > highest.load()) {
        highest.store(offered);
    }
#endif
}

} // namespace

int main()
{
    std::thread low(bid, 10);
    std::thread high(bid, 20);
    low.join();
    high.join();
    assert(highest.load() == 20);
    return 0;
}
