export type PostQueue = { flush(): Promise<void> }
