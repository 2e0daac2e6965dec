// What C++ in a library allocates with `new` comes to malloc, and so to test_exhaustion.h: part of every
// *_exhaustion_test program (threadmill_test in scripts/flavours.cmake).
#include <cstdlib>
#include <new>

static void *or_throw(void *memory)
{
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

static void *aligned(std::size_t size, std::align_val_t alignment)
{
    const auto block = static_cast<std::size_t>(alignment);
    return or_throw(std::aligned_alloc(block, (size + block - 1) / block * block));
}

void *operator new(std::size_t size)
{
    return or_throw(std::malloc(size));
}

void *operator new[](std::size_t size)
{
    return or_throw(std::malloc(size));
}

void *operator new(std::size_t size, std::align_val_t alignment)
{
    return aligned(size, alignment);
}

void *operator new[](std::size_t size, std::align_val_t alignment)
{
    return aligned(size, alignment);
}

void operator delete(void *memory) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory) noexcept
{
    std::free(memory);
}

void operator delete(void *memory, std::size_t) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory, std::size_t) noexcept
{
    std::free(memory);
}

void operator delete(void *memory, std::align_val_t) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory, std::align_val_t) noexcept
{
    std::free(memory);
}

void operator delete(void *memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}

void operator delete[](void *memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}
