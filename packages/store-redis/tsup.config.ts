import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts' },
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  clean: true,
  external: ['@cc/core', 'ioredis'],
  esbuildOptions(options, { format }) {
    // A dynamic import inside CommonJS fails under jest: there ioredis is loaded by `require`.
    if (format === 'cjs') options.supported = { 'dynamic-import': false }
  }
})
