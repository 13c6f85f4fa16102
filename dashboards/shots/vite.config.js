export default {
  base: './',
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 20000, reportCompressedSize: false, minify: false },
};
