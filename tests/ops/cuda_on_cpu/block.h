#pragma once

// A block's threads on one thread of the CPU, each on a stack of its own: one runs until it waits for others, then the
// next has its turn.

#include <setjmp.h>
#include <ucontext.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace cuda_on_cpu {

constexpr int kLanes = 32, kMost = 1024;
constexpr size_t kStack = 1 << 16;

// Threads that wait until all of them have come.
struct Barrier {
    int come = 0;
    int turn = 0;
};

struct Block {
    struct Thread {
        jmp_buf at;
        ucontext_t context;
        bool begun, done;
        int votes;  // warp exchanges so far
    };

    std::vector<Thread> threads = std::vector<Thread>(kMost);
    std::vector<char> stacks = std::vector<char>(kMost * kStack);
    std::function<void()> kernel;
    jmp_buf home;
    int size = 0, alive = 0, current = 0;
    bool moved = false;  // whether any thread got on in this round
    Barrier all, warps[kMost / kLanes];
    uint64_t words[2][kMost];  // what lanes show each other: of this exchange, and of the one before

    static void begin() {
        Block& block = the();
        block.kernel();
        block.threads[block.current].done = true;
        --block.alive;
        block.moved = true;
        _longjmp(block.home, 1);
    }

    // Runs one block. Throws where all of its threads wait: for one that has ended, or at different places.
    void run(int count) {
        size = alive = count;
        all = {};
        for (Barrier& warp : warps) warp = {};
        for (int i = 0; i < size; ++i) threads[i].begun = threads[i].done = threads[i].votes = 0;
        while (alive > 0) {
            moved = false;
            for (current = 0; current < size; ++current) {
                if (!threads[current].done && _setjmp(home) == 0) enter(threads[current]);
            }
            if (!moved) throw std::logic_error("a block's threads wait for one that does not come");
        }
    }

    void enter(Thread& thread) {
        if (thread.begun) _longjmp(thread.at, 1);
        thread.begun = true;
        getcontext(&thread.context);
        thread.context.uc_stack = {&stacks[current * kStack], 0, kStack};
        thread.context.uc_link = nullptr;
        makecontext(&thread.context, begin, 0);
        setcontext(&thread.context);
    }

    void wait(Barrier& barrier, int of, bool all_alive) {
        const int turn = barrier.turn;
        ++barrier.come;
        while (barrier.turn == turn) {
            if (barrier.come == (all_alive ? alive : of)) {
                barrier.come = 0;
                ++barrier.turn;
                moved = true;
            } else if (_setjmp(threads[current].at) == 0) {
                _longjmp(home, 1);
            }
        }
    }

    static Block& the() {
        static Block block;
        return block;
    }
};

struct Index {
    unsigned x = 0;
};
inline Index block_index, grid_size;

// kernel<<<grid, threads>>>(arguments), which is over when it returns.
struct Launch {
    unsigned grid;
    int threads;

    template <class Kernel, class... Arguments>
    void operator()(Kernel kernel, Arguments... arguments) const {
        static std::mutex one;
        const std::lock_guard<std::mutex> lock(one);
        Block& block = Block::the();
        block.kernel = [&] { kernel(arguments...); };
        grid_size.x = grid;
        for (block_index.x = 0; block_index.x < grid; ++block_index.x) block.run(threads);
    }
};

}  // namespace cuda_on_cpu
