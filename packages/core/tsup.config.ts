import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'fetch/index': 'src/fetch/index.ts',
    'testing/index': 'src/testing/index.ts',
    'bin/cc-explain': 'src/bin/cc-explain.ts'
  },
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  clean: true,
  external: ['undici', '@cc/store-dict'],
  esbuildOptions(options, { format }) {
    // A dynamic import inside CommonJS fails under jest: there the default store is loaded by `require`.
    if (format === 'cjs') options.supported = { 'dynamic-import': false }
  },
  esbuildPlugins: [
    {
      // In CommonJS, where entries share no code, there would be a second copy of the cache in this one.
      name: 'fetch-imports-index',
      setup(build) {
        const extension = build.initialOptions.format === 'cjs' ? 'cjs' : 'js'
        build.onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path: `../index.${extension}`, external: true }))
      }
    }
  ]
})
